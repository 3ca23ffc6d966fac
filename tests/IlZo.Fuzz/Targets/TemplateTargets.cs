using System.Text;
using System.Text.Unicode;
using IlZo.Fuzz.Mutation;
using IlZo.Tokenization.ChatTemplates;

namespace IlZo.Fuzz.Targets;

/// <summary>Chat templates. One that is accepted writes a conversation.</summary>
internal static class TemplateTargets
{
    private static readonly string[] s_words =
    [
        "{{ ", " }}", "{% ", " %}", "{%- ", " -%}", "{# ", " #}", "for m in messages", "endfor", "if ", "elif ", "else", "endif", "set x = ", "endset", "macro f(a, b=1)",
        "endmacro", "generation", "endgeneration", "raw", "endraw", "namespace(a=1)", "loop.index0", "loop.last", "loop.cycle(1, 2)", "messages", "m['role']", "m.content", "bos_token",
        "add_generation_prompt", "raise_exception('x')", "strftime_now('%d %b %Y')", "range(9223372036854775807)", "range(3)", " | trim", " | tojson(indent=2)", " | length", " | upper",
        " | join(',')", " | default('x')", " | list", " | first", " | replace('a', 'b', 2147483647)", " | selectattr('role', 'equalto', 'user')", " | map(attribute='content')", " | items",
        " | indent(4)", " | int", " | float", " | string", " | reject('none')", " | dictsort", ".split(',')", ".strip()", ".startswith('a')", ".items()", ".get('a')", ".upper()",
        " is defined", " is string", " is mapping", " is divisibleby 3", " not in ", " and ", " or ", " ~ ", " ** ", " // ", " % ", " == ", "[::-1]", "[1:]", "[-1]", "[9223372036854775808]",
        "messages.9223372036854775808", "9223372036854775807", "1e999", "'a' * 16777216", "[1, 2]", "{'a': 1}", "(1,)", "true", "none", "'\\x00\\u2028'", "continue", "break",
    ];

    public static IEnumerable<FuzzTarget> All =>
    [
        new("chat-template", "a chat template, which is rendered", () => SeedFiles.In("chat-template"), new ByteMutator(s_words), () => Render) { MaxLength = 1 << 12 },
    ];

    private static void Render(byte[] input)
    {
        // Files that are not UTF-8 are refused before.
        if (!Utf8.IsValid(input))
        {
            return;
        }

        var template = ChatTemplate.Parse("input", Encoding.UTF8.GetString(input), new Dictionary<string, string> { ["bos_token"] = "<s>", ["eos_token"] = "</s>" });
        ChatMessage[] messages = [new("system", "Be\nbrief. "), new("user", " Hello é\U0001F600"), new("assistant", "Hi, \"you\"")];
        template.Render(messages, addGenerationPrompt: true, new DateTime(2024, 7, 26));
    }
}
