using IlZo.Tokenization;
using Xunit;

namespace IlZo.Core.Tests.Tokenization;

/// <summary>The tokenizers of the test data, loaded once; folders that share files are assembled here.</summary>
public static class TestTokenizers
{
    private static readonly Lazy<ITokenizer> s_gpt2 = new(() => Gpt2Files().Load());

    public static ITokenizer Gpt2 => s_gpt2.Value;

    public static MemoryFiles Gpt2Files() => MemoryFiles.From(TestData.Path("tokenizers", "gpt2"), "vocab.json", "merges.txt");

    /// <summary>OPT's and RoBERTa's vocabulary is the same map from tokens to ids; the merges are GPT-2's.</summary>
    public static MemoryFiles OptFiles() => MemoryFiles.From(TestData.Path("tokenizers", "opt"), "vocab.json")
        .With("merges.txt", Gpt2Files()["merges.txt"]);

    public static ITokenizer Roberta() => TokenizerLoader.Load(TestData.Path("tokenizers", "roberta-base"));

    public static string Stories => TestData.Path("models", "stories260K");

    public static string Reviews => TestData.Path("models", "opt-reviews-6m");

    public static MemoryFiles StoriesModel() =>
        MemoryFiles.From(Stories, "tokenizer.model", "tokenizer_config.json", "config.json");

    public static MemoryFiles StoriesJson() =>
        MemoryFiles.From(Stories, "tokenizer.json", "tokenizer_config.json", "config.json");

    public static MemoryFiles ReviewsJson() => MemoryFiles.From(Reviews, "tokenizer.json");

    /// <summary>A path of the external data; the test is skipped where there is none.</summary>
    public static string External(params string[] parts)
    {
        string? path = TestData.External(parts);
        Assert.SkipWhen(path is null, "ILZO_TEST_DATA is not set or lacks this file.");
        return path!;
    }
}
