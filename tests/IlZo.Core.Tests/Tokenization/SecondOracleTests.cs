using IlZo.Tokenization;
using Microsoft.ML.Tokenizers;
using Xunit;

namespace IlZo.Core.Tests.Tokenization;

/// <summary>
/// Byte-pair encoding against Microsoft.ML.Tokenizers, over hostile texts. It is given the words, since its own patterns are .NET's regular
/// expressions.
/// </summary>
public class SecondOracleTests
{
    [Fact]
    public void Gpt2_has_the_ids_of_another_implementation() => Compare(TestTokenizers.Gpt2, Bytes(TestTokenizers.Gpt2Files()), seed: 1);

    [Fact]
    public void Opt_has_the_ids_of_another_implementation()
    {
        var files = TestTokenizers.OptFiles().With("config.json", """{"model_type":"opt"}""");
        Compare(files.Load(), Bytes(files), seed: 2);
    }

    [Fact]
    public void Roberta_has_the_ids_of_another_implementation() =>
        Compare(TestTokenizers.Roberta(), Bytes(TestTokenizers.OptFiles()), seed: 3);

    [Fact]
    public void Llama3_has_the_ids_of_another_implementation()
    {
        string folder = TestTokenizers.External("tokenizers", "llama3");
        using var ranks = File.OpenRead(Path.Combine(folder, "tokenizer.model"));
        Compare(TokenizerLoader.Load(folder), TiktokenTokenizer.Create(ranks, new Words(WordSplitter.Llama3), null), seed: 4);
    }

    private static void Compare(ITokenizer tokenizer, Tokenizer oracle, int seed)
    {
        foreach (string text in HostileTexts.Make(seed, count: 4000))
        {
            Assert.Equal(oracle.EncodeToIds(text).ToArray(), tokenizer.Encode(text, addSpecialTokens: false));
        }

        // A text in which words stand beside all of these.
        string whole = string.Concat(HostileTexts.Make(seed + 100, count: 500));
        Assert.Equal(oracle.EncodeToIds(whole).ToArray(), tokenizer.Encode(whole, addSpecialTokens: false));
    }

    private static BpeTokenizer Bytes(MemoryFiles files)
    {
        using var document = System.Text.Json.JsonDocument.Parse(files["vocab.json"]);
        var vocabulary = document.RootElement.EnumerateObject().Select(p => KeyValuePair.Create(p.Name, p.Value.GetInt32()));
        return BpeTokenizer.Create(new Microsoft.ML.Tokenizers.BpeOptions(vocabulary)
        {
            Merges = System.Text.Encoding.UTF8.GetString(files["merges.txt"]).Split('\n').Where(
                line => line.Length > 0 && !line.StartsWith("#version", StringComparison.Ordinal)),
            ByteLevel = true,
            PreTokenizer = new Words(WordSplitter.Gpt2),
        });
    }

    private sealed class Words(WordSplitter splitter) : PreTokenizer
    {
        public override IEnumerable<(int Offset, int Length)> PreTokenize(string text)
        {
            List<(int Start, int End)> words = [];
            splitter.Find(text, words);
            return words.Select(w => (w.Start, w.End - w.Start));
        }

        public override IEnumerable<(int Offset, int Length)> PreTokenize(ReadOnlySpan<char> text) => PreTokenize(text.ToString());
    }
}
