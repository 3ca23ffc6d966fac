using IlZo.Tasks;
using Xunit;

namespace IlZo.Core.Tests.Tasks;

public class AnswerMatchTests
{
    [Theory]
    [InlineData("The Cat.", 1.0, "cat")]
    [InlineData("black cat", 2.0 / 3, "cat")]
    [InlineData("", 0.0, "cat")]
    [InlineData("dog", 0.0, "cat")]
    [InlineData("cat", 2.0 / 3, "dog", "black cat")]
    [InlineData("cat cat", 2.0 / 3, "cat")]
    [InlineData("cat cat", 0.8, "cat cat cat")]
    [InlineData("a b c d", 1.0 / 3, "a c e f")]
    [InlineData("the", 0.0, "the")]
    [InlineData("U.S.-based", 1.0, "usbased")]
    [InlineData("ÉCOLE «normale»", 0.5, "école normale")]
    [InlineData("CANNOTANSWER", 1.0, "CANNOTANSWER", "cat")]
    [InlineData("cannotanswer.", 1.0, "CANNOTANSWER")]
    [InlineData("cat", 0.0, "CANNOTANSWER", "cat")]
    [InlineData("no answer here", 0.0, "no answer")]
    [InlineData("No answer!", 1.0, "no answer", "cat")]
    [InlineData("answer", 2.0 / 3, "cat", "no answer")]
    public void F1_is_that_of_the_words_and_the_best_answer(string prediction, double expected, params string[] gold)
    {
        Near.Equal(expected, AnswerMatch.F1(prediction, gold), 1e-15);
    }

    [Theory]
    [InlineData("The Cat.", "cat")]
    [InlineData("a  b\tthe\nC", "b c")]
    [InlineData("An apple, a day -- theology!", "apple day theology")]
    [InlineData("$5.20 + 3% = ~8_000", "520 3 8000")]
    [InlineData("“quoted”", "“quoted”")]
    [InlineData("the-end", "theend")]
    [InlineData("", "")]
    public void Normalization_is_SQuADs(string text, string expected) => Assert.Equal(expected, AnswerMatch.Normalize(text));

    [Fact]
    public void An_exact_match_is_equality_with_any_answer_after_normalization()
    {
        Assert.True(AnswerMatch.IsExact("The Cat.", ["dog", "cat"]));
        Assert.False(AnswerMatch.IsExact("black cat", ["dog", "cat"]));
        Assert.Throws<ArgumentOutOfRangeException>(() => AnswerMatch.F1("cat", []));
    }
}
