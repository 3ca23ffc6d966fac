using IlZo.Tokenization.ChatTemplates;
using Xunit;

namespace IlZo.Core.Tests.Tokenization.ChatTemplates;

/// <summary>Small templates that ask for minutes or gigabytes are refused with the limit; long conversations do not come near it.</summary>
public class TemplateBudgetTests
{
    private const string Length = "a text becomes longer than 4194304 characters";
    private const string Memory = "the values that the rendering keeps take more than 24 MB";
    private const string Work = "the rendering takes more than 134217728 units of work";

    // A text of 16 · 2^17 characters and a list that prints 2^40 elements.
    private static readonly string s_bigText = "{% set s = 'aaaaaaaa\n\n\n\n\n\n\n\n' %}"
        + string.Concat(Enumerable.Repeat("{% set s = s + s %}", 17));
    private static readonly string s_sharedList = "{% set l = ['a'] %}" + string.Concat(Enumerable.Repeat("{% set l = [l, l] %}", 40));

    [Theory]
    [InlineData("{{ s | indent(256, true, true) }}", Length)]
    [InlineData("{{ s | replace('a', s[:9999]) }}", Length)]
    [InlineData("{{ s.replace('a', s, 2147483647) }}", Length)]
    [InlineData("{{ s ~ s ~ s }}", Length)]
    [InlineData("{{ s * 3 }}", Length)]
    [InlineData("{{ '%s%s%s' | format(s, s, s) }}", Length)]
    [InlineData("{{ '{0}{0}{0}'.format(s) }}", Length)]
    [InlineData("{{ [s, s, s] | tojson(ensure_ascii=true) }}", Length)]
    [InlineData("{% filter replace('a', s[:9999]) %}{{ s }}{% endfilter %}", Length)]
    [InlineData("{% macro m() %}{{ caller() }}{{ caller() }}{{ caller() }}{% endmacro %}{% call m() %}{{ s }}{% endcall %}", Length)]
    [InlineData("{{ s.splitlines() | length }}", Memory)]
    [InlineData("{{ s.rsplit('\n') | length }}", Memory)]
    [InlineData("{% set ns = namespace(l=[]) %}{% for i in range(99) %}{% set ns.l = ns.l + [(s ~ 'x').upper] %}{% endfor %}", Memory)]
    [InlineData("{% set ns = namespace(l=[]) %}{% for i in range(99) %}{% set t = s | upper %}{% macro m() %}{{ t }}{% endmacro %}{% set "
        + "ns.l = ns.l + [m] %}{% endfor %}", Memory)]
    [InlineData("{% set ns = namespace(l=[]) %}{% for i in range(99) %}{% set ns.l = ns.l + [[s] | map('upper')] %}{% endfor %}", Memory)]
    [InlineData("{% set t %}{{ s }}{{ s }}{{ s }}{% endset %}", Length)]
    [InlineData("{{ range(1000) | join(s) }}", Length)]
    [InlineData("{{ strftime_now(s.replace('a', '%B')) }}", Length)]
    [InlineData("{% for i in range(99999) %}{{ s }}{% endfor %}", Length)]
    [InlineData("{{ s | list | length }}", Memory)]
    [InlineData("{{ s.split('\n') | length }}", Memory)]
    [InlineData("{{ s.replace('\n', ' a').split() | length }}", Memory)]
    [InlineData("{% for c in s %}{% endfor %}", Memory)]
    [InlineData("{% set ns = namespace(l=[]) %}{% for i in range(2000) %}{% set ns.l = ns.l + [s|upper] %}{% endfor %}", Memory)]
    [InlineData("{{ [s|upper, s|upper, s|upper, s|upper, s|upper, s|upper, s|upper, s|upper, s|upper] | length }}", Memory)]
    [InlineData("{{ [s, s, s, s, s, s, s, s, s, s, s, s] | map('upper') | list | length }}", Memory)]
    [InlineData(
        "{% macro m(x) %}{{ s }}{{ m(x ~ s[1:]) }}{% endmacro %}{% macro n(x) %}{{ n(x|upper ~ 'b') }}{% endmacro %}{{ n(s[:500000]) }}",
        Memory)]
    [InlineData("{{ s[:200000] in s[200000:] ~ 'b' }}", Work)]
    [InlineData("{% for i in range(99999) %}{% set t = s == s ~ '' %}{% endfor %}", Work)]
    [InlineData("{% for i in range(99999) %}{% set t = s[::-1] %}{% endfor %}", Work)]
    [InlineData("{% for i in range(99999) %}{% set t = s | tojson | length %}{% endfor %}", Work)]
    public void A_text_that_grows_meets_a_limit(string template, string limit) => AssertRefused(s_bigText + template, limit);

    [Theory]
    [InlineData("{{ l }}", Length)]
    [InlineData("{{ l | tojson }}", Length)]
    [InlineData("{{ l | string }}", Length)]
    [InlineData("{{ l ~ '' }}", Length)]
    [InlineData("{{ {'a': l} | join }}{{ [l] | join }}", Length)]
    [InlineData("{{ messages[l] is defined }}", Length)]
    [InlineData("{{ l | upper }}", Length)]
    [InlineData("{{ [l] | map('trim') | list }}", Length)]
    public void A_list_that_is_shared_counts_as_what_it_prints(string template, string limit) =>
        AssertRefused(s_sharedList + template, limit);

    [Theory]
    [InlineData("{{ l == k }}")]
    [InlineData("{{ k in [l] }}")]
    [InlineData("{{ [k, l] | unique | list | length }}")]
    [InlineData("{{ [l] | select('equalto', k) | list | length }}")]
    public void Lists_that_are_shared_count_as_what_is_compared(string template) =>
        AssertRefused(s_sharedList + s_sharedList.Replace("set l", "set k").Replace("[l, l]", "[k, k]") + template, Work);

    [Theory]
    [InlineData("{% for i in range(90000) %}{% for j in range(90000) %}{% endfor %}{% endfor %}")]
    [InlineData("{% set l = range(90000) | list %}{% for i in l %}{% if -1 in l %}{% endif %}{% endfor %}")]
    [InlineData("{% set l = range(90000) | list %}{% for i in l %}{% set k = l | reverse | list | map('string') | list %}{% endfor %}")]
    [InlineData("{% set ns = namespace(l=[]) %}{% for i in range(20000) %}{% set ns.l = ns.l + [[i]] %}{% endfor %}{{ ns.l | unique | list "
        + "| length }}")]
    [InlineData("{% set l = range(90000) | list %}{% for i in l %}{% set k = l | sort | sum + (l | max) %}{% endfor %}")]
    [InlineData("{% macro m() %}{{ varargs | length }}{% endmacro %}{% set l = range(90000) %}{% for i in l %}{{ m(*l) }}{% endfor %}")]
    [InlineData("{% macro m() %}{% endmacro %}{% for i in range(90000) %}{% for j in range(90000) %}{{ m() }}{% endfor %}{% endfor %}")]
    public void Work_on_lists_meets_a_limit(string template) => AssertRefused(template, Work);

    [Fact]
    public void Filters_of_filters_do_not_end_the_process()
    {
        string template = "{% set ns = namespace(l=[]) %}{% for i in range(50000) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l | map("
            + string.Join(", ", Enumerable.Repeat("'map'", 50_000)) + ") | list }}";
        Assert.Throws<InvalidInputException>(() => Render(template));
    }

    [Fact]
    public void What_is_distinct_is_found_in_one_pass() =>
        Assert.Equal("100000 2", Render("{{ range(100000) | unique | list | length }} {{ [1, true, 1.0, '1'] | unique | list | length }}"));

    [Fact]
    public void Memory_that_is_let_go_is_not_counted() => Assert.Equal(
        "1048576", Render("{% set ns = namespace(s='') %}" + s_bigText
            + "{% for i in range(20) %}{% set ns.s = s[:1048576] | upper %}{% endfor %}{{ ns.s | length }}"));

    [Theory]
    [InlineData("chatml")]
    [InlineData("gemma")]
    [InlineData("llama-2-chat")]
    [InlineData("llama-3-instruct")]
    [InlineData("mistral-instruct")]
    [InlineData("qwen2.5")]
    [InlineData("zephyr")]
    public void A_conversation_of_a_thousand_turns_is_far_from_the_limits(string name)
    {
        var tokens = new Dictionary<string, string> { ["bos_token"] = "<s>", ["eos_token"] = "</s>" };
        var template = ChatTemplate.Parse(name, File.ReadAllText(TestData.Path("chat-templates", $"{name}.jinja")), tokens);
        string content = string.Concat(Enumerable.Repeat("A line of \"text\".\n", 180));
        var messages = Enumerable.Range(0, 1000).Select(i => new ChatMessage(i % 2 == 0 ? "user" : "assistant", content));
        Assert.InRange(
            template.Render(messages, addGenerationPrompt: false, default).Text.Length,
            1000 * (content.Length - 1),
            RenderBudget.MaxCharacters);
    }

    [Fact]
    public void A_rendering_ends_when_it_is_cancelled()
    {
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        var template = ChatTemplate.Parse("t.jinja", "{{ messages }}");
        Assert.Throws<OperationCanceledException>(() => template.Render([], addGenerationPrompt: false, default, cancelled.Token));
    }

    [Fact]
    public void A_refusal_stays_short_whatever_the_template_writes_in_it()
    {
        var e = Assert.Throws<InvalidInputException>(() => Render(s_bigText + "{{ raise_exception(s) }}"));
        Assert.InRange(e.Message.Length, 1000, 3000);
    }

    private static void AssertRefused(string template, string limit)
    {
        var e = Assert.Throws<InvalidInputException>(() => Render(template));
        Assert.StartsWith("t.jinja, line ", e.Message, StringComparison.Ordinal);
        Assert.Contains(limit, e.Message, StringComparison.Ordinal);
    }

    private static string Render(string template) =>
        ChatTemplate.Parse("t.jinja", template).Render([], addGenerationPrompt: false, default).Text;
}
