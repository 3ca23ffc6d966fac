using IlZo.Tokenization.ChatTemplates;
using Xunit;

namespace IlZo.Core.Tests.Tokenization.ChatTemplates;

/// <summary>Values at the edges of their types have Python's meaning or are refused; nothing else is thrown.</summary>
public class TemplateValueLimitTests
{
    [Theory]
    [InlineData(
        "{{ 'aXbX' | replace('X', 'y', 2147483647) }} {{ 'aXbX'.replace('X', 'y', -2147483648) }} {{ 'aX'.replace('X', 'y', 0) }}",
        "ayby ayby aX")]
    [InlineData("{{ 'a b'.split(' ', 2147483647) }} {{ 'a b'.split(none, -2147483648) }}", "['a', 'b'] ['a', 'b']")]
    [InlineData("{{ messages[9223372036854775807] is defined }} {{ messages[-9223372036854775807 - 1] is defined }} {{ "
        + "'a'[9223372036854775807] is defined }}", "False False False")]
    [InlineData("{{ messages.9223372036854775807 is defined }} {{ [7].0 }}", "False 7")]
    [InlineData(
        "{{ 'abc'[2147483646:] }}|{{ 'abc'[-2147483646:] }}|{{ [1, 2][::2147483646] }}|{{ [1, 2][::-2147483646] }}", "|abc|[1]|[2]")]
    [InlineData(
        "{{ 9223372036854775807 }} {{ -9223372036854775807 - 1 }} {{ 9223372036854775807 // -1 }} {{ (-9223372036854775807 - 1) % -1 }}",
        "9223372036854775807 -9223372036854775808 -9223372036854775807 0")]
    [InlineData("{{ 9223372036854775807 == 9223372036854775806 }} {{ 9223372036854775806 < 9223372036854775807 }}", "False True")]
    [InlineData(
        "{{ 'nan' | float == 'nan' | float }} {{ 'nan' | float < 1 }} {{ 'nan' | float >= 1 }} {{ 'nan' | float | int }}",
        "False False False 0")]
    [InlineData("{{ 1e999 > 9223372036854775807 }} {{ -1e999 < 1 }} {{ 1e-999 }}", "True True 0.0")]
    [InlineData("{{ '9223372036854775807' | int }} {{ '+x' | int }} {{ '-' | int }} {{ '' | int }}", "9223372036854775807 0 0 0")]
    [InlineData("{{ (-9223372036854775807 - 1) is divisibleby(-1) }} {{ (-9223372036854775807 - 1) is even }}", "True True")]
    [InlineData("{{ range(5, -2147483648, -2147483648) | list }} {{ range(0) | list }} {{ range(3, 1) | list }}", "[5, -2147483643] [] []")]
    [InlineData(
        "{{ '\\U0001F999bc'[1:] }} {{ '\\U0001F999bc'[0] | length }} {{ '\\U0001F999bc' | length }} {{ '\\U0001F999bc'.find('c') }}",
        "bc 1 3 2")]
    [InlineData("{{ 'a\\U0001F999' | reverse == '\\U0001F999a' }} {{ 'a\\U0001F999'[-1] == '\\U0001F999' }} {{ 'a\\U0001F999' | last == "
        + "'\\U0001F999' }}", "True True True")]
    [InlineData("{{ '\\U0001F999'.strip('\\U0001F998') == '\\U0001F999' }} {{ 'x\\U0001F999x'.strip('x') == '\\U0001F999' }}", "True True")]
    [InlineData(
        "{{ '' | first is defined }} {{ '' | indent(2, true) }}|{{ '' | indent(2, true, true) }}|{{ 'a\n\nb' | indent(1) }}",
        "False   |  |a\n\n b")]
    public void Values_at_the_edges_are_those_of_Python(string template, string expected) => Assert.Equal(expected, Render(template));

    [Theory]
    [InlineData("{{ messages.9223372036854775808 }}", "the number 9223372036854775808 has more than 64 bits")]
    [InlineData("{{ messages[9223372036854775808] }}", "the number 9223372036854775808 has more than 64 bits")]
    [InlineData("{{ messages.99999999999999999999999999 }}", "has more than 64 bits")]
    [InlineData("{{ 9223372036854775807 + 1 }}", "more than 64 bits")]
    [InlineData("{{ 9223372036854775807 * 9223372036854775807 }}", "more than 64 bits")]
    [InlineData("{{ -9223372036854775807 - 2 }}", "more than 64 bits")]
    [InlineData("{{ -(-9223372036854775807 - 1) }}", "more than 64 bits")]
    [InlineData("{{ (-9223372036854775807 - 1) // -1 }}", "more than 64 bits")]
    [InlineData("{{ (-9223372036854775807 - 1) | abs }}", "more than 64 bits")]
    [InlineData("{{ '9223372036854775808' | int }}", "more than 64 bits")]
    [InlineData("{{ ' -99999999999999999999 ' | int }}", "more than 64 bits")]
    [InlineData("{{ 1e999 | int }}", "more than 64 bits")]
    [InlineData("{{ -9.3e18 | float | int }}", "more than 64 bits")]
    [InlineData("{{ 1 // 0 }}{{ 1 % 0 }}", "divides by zero")]
    [InlineData("{{ 1 / -0.0 }}", "divides by zero")]
    [InlineData("{{ 1 % false }}", "divides by zero")]
    [InlineData("{{ 'abc'[::0] }}", "the step of a slice is 0")]
    [InlineData("{{ 'abc'[9223372036854775807:] }}", "a whole number was expected")]
    [InlineData("{{ 'abc'[:1.5] }}", "a whole number was expected")]
    [InlineData("{{ range(9223372036854775807) }}", "is 9223372036854775807; a whole number of 32 bits was expected")]
    [InlineData("{{ range(-2147483648, 2147483647) }}", "at most 100000 numbers were expected")]
    [InlineData("{{ range(1, 2, 0) }}", "at most 100000 numbers were expected")]
    [InlineData("{{ 'a' | replace('a', 'b', 9223372036854775807) }}", "a whole number of 32 bits was expected")]
    [InlineData("{{ 'a' | replace('', 'b', 2147483647) }}", "the text to replace is empty")]
    [InlineData("{{ 'a'.split('') }}", "the separator is empty")]
    [InlineData("{{ 'a' | indent(1000000000) }}", "a width of 0 to 256 was expected")]
    [InlineData("{{ 'a' | indent(-1) }}", "a width of 0 to 256 was expected")]
    [InlineData("{{ [] | tojson(indent=1000000000) }}", "an indent of 0 to 16 was expected")]
    [InlineData("{{ 5 is divisibleby 0 }}", "divides by zero")]
    [InlineData("{{ 'x' is divisibleby(-1) }}", "fewer places than values")]
    [InlineData("{{ 'x' * 1000000000 }}", "a text becomes longer than")]
    [InlineData("{{ '%d' % 'a' }}", "is not supported; %s, %r, %d")]
    [InlineData("{{ 10 ** 19 }}{{ 2 ** 63 }}", "more than 64 bits")]
    [InlineData("{{ 3 ** 9223372036854775807 }}", "more than 64 bits")]
    [InlineData("{{ 0 ** -1 }}", "zero is raised to a negative power")]
    [InlineData("{{ (-8.0) ** 0.5 }}", "the power is not a number")]
    [InlineData("{{ [1, 2] * 9223372036854775807 }}", "takes more than")]
    [InlineData("{{ {1: 2} }}", "the key of a mapping is not a string")]
    [InlineData("{{ dict([1]) }}", "a number is among the pairs")]
    [InlineData("{{ strftime_now('%') }}{{ strftime_now('%%%') }}{{ strftime_now('%\\U0001F999') }}", "is not supported")]
    [InlineData("{{ '\\ud800' }}", "hexadecimal digits of a character")]
    [InlineData("{{ '\\U00110000' }}", "hexadecimal digits of a character")]
    public void What_a_template_has_no_value_for_is_refused(string template, string problem)
    {
        var e = Assert.Throws<InvalidInputException>(() => Render(template));
        Assert.StartsWith("t.jinja, line 1, column ", e.Message, StringComparison.Ordinal);
        Assert.Contains(problem, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_without_end_is_refused() =>
        Assert.Contains(
            "the name has 100000 characters",
            Assert.Throws<InvalidInputException>(() => Render($"{{{{ {new string('x', 100_000)} }}}}")).Message,
            StringComparison.Ordinal);

    private static string Render(string template) =>
        ChatTemplate.Parse("t.jinja", template).Render([], addGenerationPrompt: false, default).Text;
}
