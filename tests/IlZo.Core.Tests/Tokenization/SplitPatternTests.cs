using System.Text.Json;
using IlZo.Tokenization;
using IlZo.Tokenization.Patterns;
using Xunit;

namespace IlZo.Core.Tests.Tokenization;

/// <summary>The Split patterns of published tokenizers, run by an automaton.</summary>
public class SplitPatternTests
{
    private const string Contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private const string Upper = @"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]";
    private const string Lower = @"[\p{Ll}\p{Lm}\p{Lo}\p{M}]";

    // gpt-4o and gpt-oss.
    private const string O200k = @"[^\r\n\p{L}\p{N}]?" + Upper + "*" + Lower + "+" + Contractions + @"?|[^\r\n\p{L}\p{N}]?" + Upper + "+"
        + Lower + "*" + Contractions
        + @"?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    // Mistral's Tekken.
    private const string Tekken = @"[^\r\n\p{L}\p{N}]?" + Upper + "*" + Lower + @"+|[^\r\n\p{L}\p{N}]?" + Upper + "+" + Lower
        + @"*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private const string DeepSeek =
        """[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+""";

    private const string Bloom = @" ?[^(\s|[.,!?…。，、।۔،])]+";

    public static TheoryData<string, string, string> Cases => new()
    {
        { O200k, "HelloWorld it's IT'S camelCase", "Hello|World| it's| IT'S| camel|Case" },
        { O200k, "a/b //\n\n x  y 12345 ÀÉé", "a|/b| //\n\n| x| | y| |123|45| ÀÉé" },
        { O200k, "e\u0301te\u0301 \u4F60\u597D! \r\n  z", "e\u0301te\u0301| \u4F60\u597D|!| \r\n| | z" },
        { Tekken, "HelloWorld it's 123", "Hello|World| it|'s| |1|2|3" },
        { Tekken, "HTTPServer.\n/x  \U0001D7D8\U0001D400", "HTTPServer|.\n/|x| | |\U0001D7D8|\U0001D400" },
        { DeepSeek, "don't @user $x+y= e\u0301 \u2028z", "don|'t| @|user| $|x|+y|=| e\u0301| |\u2028z" },
        { DeepSeek, "  (a)\r\n\r\n b12", " | (|a|)\r\n\r\n| b|12" },
        { @"\p{N}{1,3}", "a1234b", "a|123|4|b" },
        { "[一-龥\u3040-ゟ゠-ヿ]+", "ab\u4F60\u3042c\u30A2", "ab|\u4F60\u3042|c|\u30A2" },
        { @"\s+$", "a  \nb  ", "a|  |\nb|  " },
        { Bloom, "Hi, you!  (x|y)", "Hi|,| you|!  (|x|||y|)" },
        { "a+?b|a", "aab", "aab" },
        { "(ab|a)(c|bcd)?", "abcd", "abc|d" },
        { @"(?i:K|s)x", "\u212Ax\u017Fxkxa", "\u212Ax|\u017Fx|kx|a" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_pattern_cuts_as_a_backtracking_engine_does(string pattern, string text, string pieces)
    {
        var found = new List<string>();
        Split(pattern).Split(text, atStart: true, found);
        Assert.Equal(pieces, string.Join('|', found));
    }

    [Theory]
    [InlineData(WordSplitter.Gpt2Pattern)]
    [InlineData(WordSplitter.Llama3Pattern)]
    [InlineData(WordSplitter.Qwen2Pattern)]
    public void The_automaton_and_the_splitters_written_by_hand_cut_hostile_texts_alike(string pattern)
    {
        var automaton = PatternAutomaton.Parse(pattern, Error);
        var splitter = WordSplitter.ForPattern(pattern)!;
        foreach (string text in HostileTexts.Make(seed: 7, count: 3000))
        {
            List<(int, int)> one = [];
            List<(int, int)> other = [];
            automaton.Find(text, one);
            splitter.Find(text, other);
            Assert.Equal(other, one);
        }
    }

    [Theory]
    [InlineData("Isolated", "false", "a|b|-|-|c|-")]
    [InlineData("Removed", "false", "a|b|c")]
    [InlineData("Removed", "true", "-|-|-")]
    [InlineData("Contiguous", "false", "a|b|--|c|-")]
    [InlineData("MergedWithPrevious", "false", "a|b-|-|c-")]
    [InlineData("MergedWithNext", "false", "a|b|-|-c|-")]
    public void What_becomes_of_a_match_is_as_in_the_reference_library(string behavior, string invert, string pieces)
    {
        // The text is "ab" "--" "c" "-"; an "x" between a and b is cut out first.
        string json = $$"""
            { "pre_tokenizer":{"type":"Sequence","pretokenizers":[
              {"type":"Split","pattern":{"String":"x"},"behavior":"Removed","invert":false},
              {"type":"Split","pattern":{"Regex":"-"},"behavior":"{{behavior}}","invert":{{invert}} }]} }
            """;
        string[] expected = pieces.Split('|');
        string[] vocabulary = ["a", "b", "-", "c", "--", "b-", "c-", "-c"];
        var tokenizer = MemoryFiles.Json(vocabulary, [], json, """{"ignore_merges":true}""").Load();
        Assert.Equal(expected.Select(p => Array.IndexOf(vocabulary, p)), tokenizer.Encode("axb--c-"));
    }

    [Theory]
    [InlineData("a++", "possessive quantifiers")]
    [InlineData("(?<=a)b", "only the groups")]
    [InlineData("(?>a)", "only the groups")]
    [InlineData("a(?!bc)", "a look ahead at something else than one character")]
    [InlineData(@"(a)\1", @"'\1' is not supported")]
    [InlineData(@"a\b", @"'\b' is not supported")]
    [InlineData(@"^a", "'^' is not supported")]
    [InlineData(@"\p{Han}", @"'\p{Han}' is not supported; a general category")]
    [InlineData(@"[\w&&\d]", "'&&' in a class is not supported")]
    [InlineData("[[:alpha:]]", "'[:' in a class is not supported")]
    [InlineData("[a", "a class has no end")]
    [InlineData("(a", "')' was expected")]
    [InlineData("a)", "')' stands alone")]
    [InlineData("*a", "'*' has nothing in front of it")]
    [InlineData("a{9999}", "more than 1000")]
    [InlineData("a{3,2}", "ends before it begins")]
    [InlineData("(((a{99}){99}){99}){99}", "more than 2048 steps")]
    [InlineData("[z-a]", "a range ends before it begins")]
    [InlineData("(?i:é)", "only characters of ASCII")]
    [InlineData("a*", "matches an empty text")]
    [InlineData(@"x|(?!\S)", "matches an empty text")]
    [InlineData("\\", "ends with a backslash")]
    public void What_an_automaton_cannot_do_is_refused_by_name(string pattern, string problem) =>
        Assert.Contains(problem, Refusal(pattern), StringComparison.Ordinal);

    [Theory]
    [InlineData("(a+)+b|a")]
    [InlineData("(a|a)*b|a")]
    [InlineData("(a|ab)(b|a)*c|a")]
    public void A_pattern_that_makes_backtracking_engines_explode_ends(string pattern)
    {
        var matches = new List<(int, int)>();
        PatternAutomaton.Parse(pattern, Error).Find(new string('a', 200), matches);
        Assert.Equal(200, matches.Count);
        Assert.Contains("times as many characters", Assert.Throws<InvalidInputException>(
            () => PatternAutomaton.Parse(pattern, Error).Find(new string('a', 20_000), matches)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pattern_with_many_states_is_run_in_little_memory()
    {
        var matches = new List<(int, int)>();
        var random = new Random(3);
        string text = new([.. Enumerable.Range(0, 20_000).Select(_ => random.Next(2) == 0 ? 'a' : 'b')]);
        PatternAutomaton.Parse("[ab]*a[ab]{14}c|[ab]{1,40}", Error).Find(text[..400], matches);
        Assert.Equal(10, matches.Count);
    }

    private static SplitPreTokenizer Split(string pattern) =>
        new(PatternAutomaton.Parse(pattern, Error), SplitBehavior.Isolated, invert: false);

    private static string Refusal(string pattern) => MemoryFiles.Json(
        ["a"], [], $$"""{"pre_tokenizer":{"type":"Split","pattern":{"Regex":{{JsonSerializer.Serialize(pattern)}}},"behavior":"Isolated","invert":false} }""").Refusal();

    private static InvalidInputException Error(string problem) => new(problem);
}
