using IlZo.Tokenization.ChatTemplates;
using Xunit;

namespace IlZo.Core.Tests.Tokenization.ChatTemplates;

/// <summary>Templates that are broken, beyond the supported part of Jinja, or hostile.</summary>
public class TemplateRefusalTests
{
    [Theory]
    [InlineData("{% if %}", 1, 7, "a value was expected")]
    [InlineData("a\n {% if true %}x", 2, 16, "elif or else or endif was expected")]
    [InlineData("{% endif %}", 1, 4, "'endif' is not supported; if, for, set")]
    [InlineData("{% include 'x' %}", 1, 4, "'include' is not supported; if, for, set")]
    [InlineData("{{ x | frobnicate }}", 1, 8, "the filter 'frobnicate' is not supported; trim, tojson")]
    [InlineData("{{ x is prime }}", 1, 9, "the test 'prime' is not supported; defined")]
    [InlineData("{{ 2 is == 2 }}", 1, 9, "a name was expected")]
    [InlineData("{{ f(*a, *b) }}", 1, 11, "one list of arguments was expected")]
    [InlineData("{{ f(a=1, 2) }}", 1, 11, "an argument with a name was expected")]
    [InlineData("{% call 1 %}{% endcall %}", 1, 9, "a call of a macro was expected")]
    [InlineData("{% set a, b %}{% endset %}", 1, 13, "'=' was expected")]
    [InlineData("{{ '\\N{DASH}' }}", 1, 5, "characters by name are not supported")]
    [InlineData("{{ 'abc }}", 1, 4, "the string has no end")]
    [InlineData("{{ 1", 1, 1, "the tag has no end")]
    [InlineData("{# 1", 1, 1, "the comment has no end")]
    [InlineData("{% raw %}x", 1, 1, "{% endraw %} was expected")]
    [InlineData("{{ ? }}", 1, 4, "'?' is not understood")]
    [InlineData("{{ 99999999999999999999 }}", 1, 4, "more than 64 bits")]
    [InlineData("{{ f(a=1, a=2) }}", 1, 11, "given twice")]
    [InlineData("{% for i in [] recursive %}{% endfor %}", 1, 16, "recursive loops are not supported")]
    public void What_cannot_be_read_is_refused_with_its_place(string template, int line, int column, string problem)
    {
        var e = Assert.Throws<InvalidInputException>(() => ChatTemplate.Parse("t.jinja", template));
        Assert.StartsWith($"t.jinja, line {line}, column {column} of the chat template: ", e.Message, StringComparison.Ordinal);
        Assert.Contains(problem, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{{ custom | tojson }}", "the value is 'custom', which is not defined; text, numbers")]
    [InlineData("{{ namespace() | tojson }}", "the value is a namespace")]
    [InlineData("{{ [1] | map('string') | tojson }}", "the value is an iterator")]
    [InlineData("{{ [1] | map('string') | length }}", "the value is an iterator; a list")]
    [InlineData("{{ [1] | map('string') }}", "an iterator is written; a list, as the filter 'list' makes it, was expected")]
    [InlineData("{{ range }}", "a function is written")]
    [InlineData("{{ 'x'.encode is defined }}", "the method 'encode' of a string is not supported; strip")]
    [InlineData("{{ [] | tojson(separators=',') }}", "separators of two strings were expected")]
    [InlineData("{% macro f() %}{% endmacro %}{{ f(**[1]) }}", "'**' stands before a list")]
    [InlineData("{% for a, b in [[1]] %}{% endfor %}", "a list of 1 is divided among names; 2 values were expected")]
    [InlineData("{{ '%q' % 1 }}", "the format '%q' of a number is not supported")]
    [InlineData("{{ '%999s' % 1 }}", "a width of 999; at most 256")]
    [InlineData("{{ '{:>9}'.format(1) }}", "the place '{:>9}' is not supported")]
    [InlineData("{{ 'x' | int(base=99) }}", "the base is 99")]
    [InlineData("{{ custom.x }}", "'custom' is not defined and has no member 'x'")]
    [InlineData("{{ custom + 'x' }}", "'custom', which is not defined,")]
    [InlineData("{{ messages[0]['role'] }}", "'[0]' is not defined and has no member 'role'")]
    [InlineData("{{ frobnicate() }}", "frobnicate() is not a function; raise_exception")]
    [InlineData("{{ 'x'.encode() }}", "the method 'encode' of a string is not supported; strip")]
    [InlineData("{{ [1].append(2) }}", "the method 'append' of a list is not supported; index, count, copy are")]
    [InlineData("{{ raise_exception('No.') }}", "the template refuses the messages: No.")]
    [InlineData("{% for i in 5 %}{% endfor %}", "the loop runs over a number")]
    [InlineData("{{ 'a' < 1 }}", "stands between a string and a number")]
    [InlineData("{{ 1 % 0 }}", "divides by zero")]
    [InlineData("{{ strftime_now('%Q') }}", "%Q is not supported")]
    [InlineData("{% set x.y = 1 %}", "'x' is not a namespace")]
    public void What_cannot_be_done_is_refused_with_its_place(string template, string problem)
    {
        var e = Assert.Throws<InvalidInputException>(() => Render(template));
        Assert.StartsWith("t.jinja, line 1, column ", e.Message, StringComparison.Ordinal);
        Assert.Contains(problem, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{{ range(1000000) }}")]
    [InlineData("{% set ns = namespace(s='xxxxxxxx') %}{% for i in range(99) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}")]
    [InlineData("{% for i in range(90000) %}{% for j in range(90000) %}{{ j }}{% endfor %}{% endfor %}")]
    [InlineData("{% for i in range(90000) %}{% for j in range(90000) %}{% endfor %}{% endfor %}")]
    [InlineData("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}")]
    [InlineData("{% set ns = namespace(l=[]) %}{% for i in range(90000) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l }}")]
    public void A_hostile_template_ends_with_a_refusal(string template) => Assert.Throws<InvalidInputException>(() => Render(template));

    [Theory]
    [InlineData("(", ")")]
    [InlineData("[", "]")]
    [InlineData("not ", "")]
    [InlineData("-", "")]
    [InlineData("", " + 1")]
    [InlineData("", " | trim")]
    [InlineData("", ".a")]
    [InlineData("", " is true")]
    [InlineData("", "[1:]")]
    [InlineData("", " if 1 else 2")]
    [InlineData("", " and 1")]
    [InlineData("{'a':", "}")]
    public void A_deep_template_is_refused_or_rendered(string before, string after)
    {
        const int Depth = 200_000;
        string deep = string.Concat(Enumerable.Repeat(before, Depth)) + "1" + string.Concat(Enumerable.Repeat(after, Depth));
        try
        {
            Render($"{{{{ {deep} }}}}");
        }
        catch (InvalidInputException e)
        {
            Assert.Contains("t.jinja", e.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_template_cut_anywhere_is_refused_or_read()
    {
        string whole = File.ReadAllText(TestData.Path("chat-templates", "qwen2.5.jinja"));
        int refused = 0;
        for (int length = 0; length < whole.Length; length++)
        {
            try
            {
                ChatTemplate.Parse("t.jinja", whole[..length]);
            }
            catch (InvalidInputException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 2000, whole.Length);
    }

    private static string Render(string template) =>
        ChatTemplate.Parse("t.jinja", template).Render([], addGenerationPrompt: false, default).Text;
}
