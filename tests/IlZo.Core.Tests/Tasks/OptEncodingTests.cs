using System.Text;
using IlZo.Core.Tests.Tokenization;
using IlZo.Tasks;
using Xunit;

namespace IlZo.Core.Tests.Tasks;

/// <summary>Prompts through OPT's own tokenizer: which tokens are scored.</summary>
public class OptEncodingTests
{
    [Theory]
    [InlineData("sst2", """{"sentence": "a fine film ", "label": 1}""", " terrible", " great")]
    [InlineData("rte", """{"premise": "A b.", "hypothesis": "C d.", "label": "entailment"}""", "Yes", "No")]
    [InlineData("cb", """{"premise": "A b.", "hypothesis": "C d.", "label": "neutral"}""", "Yes", "No", "Maybe")]
    [InlineData("boolq", """{"passage": "A b.", "question": "is it", "label": true}""", "Yes", "No")]
    [InlineData("wsc", """{"text": "A b.", "span1_text": "A", "span2_text": "b", "label": true}""", "No", "Yes")]
    [InlineData("wic", """{"word": "b", "sentence1": "A b.", "sentence2": "C b.", "label": true}""", "No", "Yes")]
    [InlineData("multirc", """{"paragraph": "A.", "question": "B?", "answer": "C", "label": 0}""", "No", "Yes")]
    public void Label_words_are_single_tokens(string task, string row, params string[] words)
    {
        var tokenizer = TestTokenizers.OptFiles().With("config.json", Encoding.UTF8.GetBytes("""{"model_type": "opt"}""")).Load();
        var encoded = new ExampleEncoder(tokenizer, 2048).Encode(Rows.One(task, row));
        Assert.All(encoded.Candidates, c => Assert.Equal(1, c.OptionLength));
        Assert.All(encoded.Candidates, c => Assert.Equal(2, c.Tokens[0]));
        Assert.Equal(words, encoded.Candidates.Select(c => tokenizer.Decode(c.Option)));
    }
}
