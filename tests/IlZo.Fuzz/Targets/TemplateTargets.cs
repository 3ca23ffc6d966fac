using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using IlZo.Fuzz.Mutation;
using IlZo.Tokenization.ChatTemplates;

namespace IlZo.Fuzz.Targets;

/// <summary>Chat templates. One that is accepted writes a conversation.</summary>
internal static class TemplateTargets
{
    private static readonly string[] s_words =
    [
        "{{ ", " }}", "{% ", " %}", "{%- ", " -%}", "{# ", " #}", "for m in messages", "endfor", "if ", "elif ", "else", "endif",
        "set x = ", "endset", "macro f(a, b=1)",
        "endmacro", "generation", "endgeneration", "raw", "endraw", "namespace(a=1)", "loop.index0", "loop.last", "loop.cycle(1, 2)",
        "messages", "m['role']", "m.content", "bos_token",
        "add_generation_prompt", "raise_exception('x')", "strftime_now('%d %b %Y')", "range(9223372036854775807)", "range(3)", " | trim",
        " | tojson(indent=2)", " | length", " | upper",
        " | join(',')", " | default('x')", " | list", " | first", " | replace('a', 'b', 2147483647)",
        " | selectattr('role', 'equalto', 'user')", " | map(attribute='content')", " | items",
        " | indent(4)", " | int", " | float", " | string", " | reject('none')", " | dictsort", ".split(',')", ".strip()",
        ".startswith('a')", ".items()", ".get('a')", ".upper()",
        " is defined", " is string", " is mapping", " is divisibleby 3", " not in ", " and ", " or ", " ~ ", " ** ", " // ", " % ", " == ",
        "[::-1]", "[1:]", "[-1]", "[9223372036854775808]",
        "messages.9223372036854775808", "9223372036854775807", "1e999", "'a' * 16777216", "[1, 2]", "{'a': 1}", "(1,)", "true", "none",
        "'\\x00\\u2028'", "continue", "break",
        "filter upper", "endfilter", "call(x) f(1)", "endcall", "caller(1)", "varargs", "kwargs", "*messages", "**messages[0]",
        "with a = 1", "endwith", "set a, b = ", "set x | upper",
        " | sort", " | sort(attribute='role')", " | sum", " | min", " | max", " | unique", " | reverse", " | format(1, 'a')", " | title",
        " | capitalize", " | attr('items')", " | safe",
        " | tojson(ensure_ascii=true, separators=(',', ':'), sort_keys=true)", " | tojson(indent='\\t')", " | int(base=16)",
        " | select('gt', 1)", " | map('upper')",
        ".splitlines()", ".rsplit(none, 1)", ".partition('a')", ".removeprefix('a')", ".format(1, a=2)", ".title()", ".isdigit()",
        ".index('a')", ".keys()", ".values()", ".copy()",
        " is sequence", " is callable", " is gt 1", " is sameas none", " is upper", " is filter", " is in [1]", "'%s %5.2f %r' % ",
        "(1, (2, 3))", "((a, b), c)", "dict([('a', 1)])",
        "loop.changed(m)", "loop.previtem", "-2 ** 2", "'a' * 3", "[1] * 2", "1.5e-7", "'\\101'",
    ];

    public static IEnumerable<FuzzTarget> All =>
    [
        new("chat-template", "a chat template, which is rendered", Seeds, new ByteMutator(s_words), () => Render) { MaxLength = 1 << 12 },
    ];

    private static IEnumerable<byte[]> Seeds()
    {
        using var golden = JsonDocument.Parse(SeedFiles.Read("chat-constructs", "jinja2.json"));
        var constructs = golden.RootElement.GetProperty("cases").EnumerateArray().Select(
            c => Encoding.UTF8.GetBytes(c.GetProperty("template").GetString()!));
        return [.. SeedFiles.In("chat-template"), .. constructs];
    }

    private static void Render(byte[] input)
    {
        // Files that are not UTF-8 are refused before.
        if (!Utf8.IsValid(input))
        {
            return;
        }

        var template = ChatTemplate.Parse(
            "input", Encoding.UTF8.GetString(input), new Dictionary<string, string> { ["bos_token"] = "<s>", ["eos_token"] = "</s>" });
        ChatMessage[] messages = [new("system", "Be\nbrief. "), new("user", " Hello é\U0001F600"), new("assistant", "Hi, \"you\"")];
        template.Render(messages, addGenerationPrompt: true, new DateTime(2024, 7, 26));
    }
}
