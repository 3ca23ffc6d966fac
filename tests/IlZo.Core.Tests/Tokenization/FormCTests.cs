using System.Globalization;
using IlZo.Tokenization;
using Xunit;

namespace IlZo.Core.Tests.Tokenization;

public class FormCTests
{
    [Fact]
    public void Every_source_of_the_official_test_becomes_its_form_C_and_stays_it()
    {
        string[] lines = File.ReadAllLines(TestData.Path("unicode", "NormalizationTest.txt"));
        int checkedLines = 0;
        foreach (string[] columns in lines.Where(line => line[0] != '#').Select(line => line.Split(';')))
        {
            string form = Text(columns[1]);
            Assert.Equal(form, FormC.Normalize(Text(columns[0])));
            Assert.Equal(form, FormC.Normalize(form));
            checkedLines++;
        }

        Assert.True(checkedLines > 500, $"{checkedLines} lines were read.");
    }

    [Theory]
    [InlineData("cafe\u0301", "caf\u00E9")]
    [InlineData("\u212B", "\u00C5")]
    [InlineData("a\u0307\u0323", "\u1EA1\u0307")]
    [InlineData("\u1112\u1161\u11AB\u1100\u1173\u11AF", "\uD55C\uAE00")]
    [InlineData("\uAC00\u11A7", "\uAC00\u11A7")]
    [InlineData("\uAC01\u11A8", "\uAC01\u11A8")]
    [InlineData("\u0958", "\u0915\u093C")]
    [InlineData("\uF900", "\u8C48")]
    [InlineData("\U0001D15E", "\U0001D157\U0001D165")]
    [InlineData("\U00011099\U000110BA", "\U0001109A")]
    [InlineData("\u0344", "\u0308\u0301")]
    [InlineData("\u0301e", "\u0301e")]
    [InlineData("\uFB01", "\uFB01")]
    public void A_text_becomes_its_form_C(string text, string expected) => Assert.Equal(expected, FormC.Normalize(text));

    [Theory]
    [InlineData("")]
    [InlineData("plain text")]
    [InlineData("\u00FCber Stra\u00DFe \u010De\u0161tina")]
    [InlineData("\u65E5\u672C\u8A9E \uD55C\uAE00 \u0440\u0443\u0441\u0441\u043A\u0438\u0439 \U0001F600")]
    public void A_text_in_form_C_is_returned_itself(string text) => Assert.Same(text, FormC.Normalize(text));

    [Fact]
    public void A_long_run_of_marks_is_ordered_too()
    {
        string marks = string.Concat(Enumerable.Repeat("\u0301\u0316", 100_000));
        string expected = "x" + new string('\u0316', 100_000) + new string('\u0301', 100_000);
        Assert.Equal(expected, FormC.Normalize("x" + marks));
    }

    private static string Text(string codes) =>
        string.Concat(codes.Split(' ').Select(
            code => char.ConvertFromUtf32(int.Parse(code, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture))));
}
