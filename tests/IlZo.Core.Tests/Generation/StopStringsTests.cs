using IlZo.Generation;
using Xunit;

namespace IlZo.Core.Tests.Generation;

public sealed class StopStringsTests
{
    [Theory]
    [InlineData("Hello.\nUser: more", "Hello.", "\nUser:")]
    [InlineData("aaab", "a", "aab")]
    [InlineData("abc", "a", "b", "abc")]
    [InlineData("xabcd", "x", "bc", "abc")]
    [InlineData("ababac", "ab", "abac")]
    [InlineData("no stop", "no stop", "stops", "\n")]
    [InlineData("ends on the first par", "ends on the first par", "part")]
    [InlineData("🎉🎈 and 🎉🎉", "🎉🎈 and ", "🎉🎉")]
    [InlineData("stop", "", "stop")]
    public void The_string_that_is_complete_first_ends_the_text_wherever_pieces_end(string text, string expected, params string[] strings)
    {
        int most = text.EnumerateRunes().Count();
        for (int size = 1; size <= most; size++)
        {
            var stops = new StopStrings(strings);
            string told = string.Empty;
            foreach (var piece in text.EnumerateRunes().Chunk(size))
            {
                string next = stops.Add(string.Concat(piece));
                told += next;
                Assert.StartsWith(told, expected, StringComparison.Ordinal);
                Assert.False(next.Length > 0 && char.IsHighSurrogate(next[^1]));
            }

            Assert.Equal(told.Length < expected.Length && !stops.IsComplete ? expected[told.Length..] : string.Empty, stops.Finish());
            Assert.Equal(expected.Length < text.Length, stops.IsComplete);
        }
    }

    [Fact]
    public void What_cannot_begin_a_string_any_more_is_told_at_once()
    {
        var stops = new StopStrings(["<end>"]);
        Assert.Equal("a ", stops.Add("a <e"));
        Assert.Equal("<en", stops.Add("n<"));
        Assert.Equal("<b", stops.Add("b"));
        Assert.Equal(string.Empty, stops.Finish());
        Assert.False(stops.IsComplete);
    }

    [Fact]
    public void An_empty_string_is_refused() =>
        Assert.StartsWith(
            "StopStrings is ''; ",
            Assert.Throws<InvalidInputException>(() => new StopStrings(["a", ""])).Message,
            StringComparison.Ordinal);
}
