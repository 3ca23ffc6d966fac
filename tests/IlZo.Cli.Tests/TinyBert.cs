namespace IlZo.Cli.Tests;

/// <summary>The fixtures of BERT and DistilBERT with a vocabulary of whole words, in which most words of English are unknown.</summary>
internal static class TinyBert
{
    /// <summary>The mask's id.</summary>
    public const int Mask = 4;

    private const int Vocabulary = 139;

    private static readonly string[] s_words =
        ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "it", "was", "terrible", "great", ".", ",", "?", "yes", "no", "a", "cat", "the"];

    /// <summary>Writes a fixture with its tokenizer into a new folder and returns its path.</summary>
    public static string Write(TempFolder temp, string fixture)
    {
        string folder = temp.Copy(TestData.Fixture(fixture), fixture);
        var filler = Enumerable.Range(s_words.Length, Vocabulary - s_words.Length).Select(i => $"##t{i}");
        File.WriteAllText(Path.Combine(folder, "vocab.txt"), string.Join('\n', s_words.Concat(filler)) + "\n");
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), """{"do_lower_case": true, "model_max_length": 64}""");
        return folder;
    }
}
