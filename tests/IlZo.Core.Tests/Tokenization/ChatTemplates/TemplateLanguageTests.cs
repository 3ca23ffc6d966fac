using IlZo.Tokenization.ChatTemplates;
using Xunit;

namespace IlZo.Core.Tests.Tokenization.ChatTemplates;

/// <summary>The part of Jinja that is supported; what is expected is what Jinja 3.1 writes with transformers' settings.</summary>
public class TemplateLanguageTests
{
    [Theory]
    [InlineData("{{ [1,2,3][::-1] }} {{ 'abcdef'[1:4] }} {{ 'abcdef'[-2:] }} {{ 'abcdef'[::-2] }}", "[3, 2, 1] bcd ef fdb")]
    [InlineData("{{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 * 3 + 1 }} {{ 1.5 + 1 }} {{ 2e1 }}", "-4 2 3.5 7 2.5 20.0")]
    [InlineData("{{ 'a' ~ 1 ~ none ~ true }} {{ 'q\"u\\'o' }} {{ ['it\\'s', 'x'] }}", "a1NoneTrue q\"u'o [\"it's\", 'x']")]
    [InlineData(
        "{{ {'a': [1, {'b': \"\u00FC\\n\"}], 'c': 2.0, 'd': none} | tojson }}",
        "{\"a\": [1, {\"b\": \"\u00FC\\n\"}], \"c\": 2.0, \"d\": null}")]
    [InlineData("{{ {'a': [1, {}], 'c': []} | tojson(indent=2) }}", "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"c\": []\n}")]
    [InlineData("{{ nothing | default('x') }} {{ '' | default('e', true) }} {{ 'y' if nothing is defined else 'n' }}", "x e n")]
    [InlineData("{{ 'a' in 'abc' }} {{ 'z' not in ['a'] }} {{ 1 < 2 <= 2 }} {{ not true or true and false }}", "True True True False")]
    [InlineData("{{ 'x' is string and 5 is number and none is none and {} is mapping }} {{ 5 is divisibleby 5 }}", "True True")]
    [InlineData(
        "{{ '  Hi You '.strip().split(' ') }} {{ 'a,b,c'.split(',', 1) }} {{ 'a b'.split() }}", "['Hi', 'You'] ['a', 'b,c'] ['a', 'b']")]
    [InlineData(
        "{{ 'hello world' | title }} {{ 'hELLO' | capitalize }} {{ 'abc' | length }} {{ 'abc' | upper }}", "Hello World Hello 3 ABC")]
    [InlineData(
        "{{ 'abc'.startswith(('x', 'a')) }} {{ 'abc'.find('c') }} {{ 'a-b-c' | replace('-', '+', 1) }} {{ 'xxaxx'.strip('x') }}",
        "True 2 a+b-c a")]
    [InlineData("{{ {'a': 1}.get('b', 'no') }} {{ {'a': 1}.items() | list | length }} {{ [3, 1] | first }}{{ [3, 1] | last }}", "no 1 31")]
    [InlineData("{{ [{'r': 'u', 'c': 1}, {'r': 's', 'c': 2}] | selectattr('r', 'equalto', 's') | map(attribute='c') | list }}", "[2]")]
    [InlineData(
        "{{ [1, 2, 3, 4] | select('odd') | join('-') }} {{ ['a', 'b'] | map('upper') | join(',') }} {{ 'a\nb' | indent(2) }}",
        "1-3 A,B a\n  b")]
    [InlineData("{{ strftime_now('%d %b %Y') }} {{ range(2, 8, 3) | list }} {{ '3' | int + 1 }} {{ 3.7 | int }}", "26 Jul 2024 [2, 5] 4 3")]
    [InlineData("{{ 'a' 'b' }} {{ (1, 2) | length }} {{ '\\u00e9\\x41' }} {{ none or 'x' and 'y' }}", "ab 2 \u00e9A y")]
    public void Expressions_have_the_values_of_Jinja(string template, string expected) => Assert.Equal(expected, Render(template));

    [Theory]
    [InlineData("{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}={{ v }}{{ ',' if not loop.last }}{% endfor %}", "a=1,b=2")]
    [InlineData("{% for i in range(5) if i is even %}{{ loop.index }}:{{ i }}/{{ loop.length }} {% endfor %}", "1:0/3 2:2/3 3:4/3 ")]
    [InlineData("{% for i in [] %}x{% else %}none{% endfor %}", "none")]
    [InlineData("{% for i in range(9) %}{% if i == 1 %}{% continue %}{% elif i > 3 %}{% break %}{% endif %}{{ i }}{% endfor %}", "023")]
    [InlineData("{% set x = 1 %}{% for i in [1] %}{% set x = 2 %}{% endfor %}{{ x }}", "1")]
    [InlineData("{% set ns = namespace(n=0) %}{% for i in [1, 2] %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}", "3")]
    [InlineData("{% if true %}{% set x = 5 %}{% endif %}{{ x }}", "5")]
    [InlineData("{% set block %} a {{ 1 }} {% endset %}<{{ block | trim }}>", "<a 1>")]
    [InlineData("{% macro m(a, b='B') %}[{{ a }}|{{ b }}]{% endmacro %}{{ m(1) }}{{ m(1, b=2) }}", "[1|B][1|2]")]
    [InlineData("{% raw %}{{ x }} {% if %}{% endraw %}", "{{ x }} {% if %}")]
    public void Statements_do_what_Jinja_does(string template, string expected) => Assert.Equal(expected, Render(template));

    [Theory]
    [InlineData("a\n  {% if true %}\nb\n  {% endif %}\nc\n", "a\nb\nc")]
    [InlineData("a  {%- if true -%}  b  {%- endif -%}  c", "abc")]
    [InlineData("a\n  {%+ if true +%}\nb{% endif %}", "a\n  \nb")]
    [InlineData("x\n  {{ 1 }}\n  y", "x\n  1\n  y")]
    [InlineData("x\n  {{- 1 -}}\n  y", "x1y")]
    [InlineData("x\n  {# gone #}\ny", "x\ny")]
    [InlineData("{{ {'a': {'b': 1}}['a']['b'] }}{{ '}}' }}", "1}}")]
    public void White_space_is_treated_as_transformers_asks_Jinja_to(string template, string expected) =>
        Assert.Equal(expected, Render(template));

    [Fact]
    public void What_stands_in_generation_blocks_is_marked()
    {
        var chat = ChatTemplate.Parse("t", "u{% generation %}abc{% endgeneration %}v{% generation %}d{% endgeneration %}").Render(
            [], false, default);
        Assert.Equal("uabcvd", chat.Text);
        Assert.Equal([(1, 4), (5, 6)], chat.Generated);
    }

    private static string Render(string template) =>
        ChatTemplate.Parse("test.jinja", template).Render(
            [], addGenerationPrompt: false, new DateTime(2024, 7, 26, 0, 0, 0, DateTimeKind.Unspecified)).Text;
}
