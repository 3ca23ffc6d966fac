using System.Text.Json;
using IlZo.Tokenization;
using Xunit;

namespace IlZo.Core.Tests.Tokenization;

public class VectorTests
{
    [Fact]
    public void GPT2_adds_nothing() => Check(TestTokenizers.Gpt2, "gpt2.json", 89);

    [Fact]
    public void OPT_by_model_type() =>
        Check(TestTokenizers.OptFiles().With("config.json", """{"model_type":"opt"}""").Load(), "opt.json", 90);

    [Fact]
    public void OPT_by_the_config_of_its_published_folders() => Check(
        TestTokenizers.OptFiles()
            .With(
                "tokenizer_config.json",
                """{"tokenizer_class":"GPT2Tokenizer","add_bos_token":true,"bos_token":{"content":"</s>"},"eos_token":{"content":"</s>"}}""")
            .Load(),
        "opt.json",
        90);

    [Fact]
    public void RoBERTa_from_tokenizer_JSON() => Check(TestTokenizers.Roberta(), "roberta-base.json", 90);

    [Theory]
    [InlineData("config.json", """{"model_type":"roberta"}""")]
    [InlineData("tokenizer_config.json", """{"tokenizer_class":"RobertaTokenizer"}""")]
    public void RoBERTa_from_vocabulary_and_merges(string file, string content) =>
        Check(TestTokenizers.OptFiles().With(file, content).Load(), "roberta-base.json", 90);

    [Theory]
    [InlineData("tokenizer.json")]
    [InlineData("tokenizer.model")]
    public void Llama2(string file)
    {
        string folder = TestTokenizers.External("tokenizers", "llama2");
        ITokenizer tokenizer =
            MemoryFiles.From(folder, file, "tokenizer_config.json", "special_tokens_map.json").Load();
        Check(tokenizer, Vector.Read(TestTokenizers.External("tokenizers", "vectors", "llama2.json")), 12);
        Assert.Equal((1, 2, 32000), (tokenizer.BosId, tokenizer.EosId, tokenizer.VocabularySize));
    }

    [Fact]
    public void Llama2_both_files_agree_on_text()
    {
        string folder = TestTokenizers.External("tokenizers", "llama2");
        string text = File.ReadAllText(TestTokenizers.External("text", "tinyshakespeare", "input.txt"));
        int[] json = MemoryFiles.From(folder, "tokenizer.json").Load().Encode(text);
        int[] model = MemoryFiles.From(folder, "tokenizer.model").Load().Encode(text);
        Assert.Equal(model, json);
    }

    [Fact]
    public void Llama3()
    {
        string folder = TestTokenizers.External("tokenizers", "llama3");
        ITokenizer usual = TokenizerLoader.Load(folder);
        ITokenizer both = Configured("true", "true");
        ITokenizer endOnly = Configured("false", "true");
        List<Vector> vectors = Vector.Read(TestTokenizers.External("tokenizers", "vectors", "llama3.json"));
        Assert.Equal(19, vectors.Count);
        foreach (Vector vector in vectors)
        {
            int[] ids = (vector.AddBos, vector.AddEos) switch
            {
                (true, true) => both.Encode(vector.Text),
                (false, true) => endOnly.Encode(vector.Text),
                (true, _) => usual.Encode(vector.Text),
                _ => usual.Encode(vector.Text, addSpecialTokens: false),
            };
            Assert.Equal(vector.Ids, ids);
            Assert.Equal(vector.Text, usual.Decode(ids));
        }

        Assert.Equal("<|begin_of_text|>", usual.Decode([128000], skipSpecialTokens: false));
        Assert.Equal("<|eot_id|>", usual.Decode([128009], skipSpecialTokens: false));
        Assert.Equal(128256, usual.VocabularySize);

        ITokenizer Configured(string bos, string eos) => MemoryFiles.From(folder, "tokenizer.model")
            .With("tokenizer_config.json", $$"""{"add_bos_token":{{bos}},"add_eos_token":{{eos}} }""").Load();
    }

    [Fact]
    public void Opt_reviews_from_its_folder() => CheckReference(TokenizerLoader.Load(TestTokenizers.Reviews), TestTokenizers.Reviews);

    [Fact]
    public void Opt_reviews_from_vocabulary_and_merges() => CheckReference(
        MemoryFiles.From(
            TestTokenizers.Reviews, "vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json").Load(),
        TestTokenizers.Reviews);

    [Fact]
    public void Stories_from_tokenizer_JSON() => CheckReference(TestTokenizers.StoriesJson().Load(), TestTokenizers.Stories);

    [Fact]
    public void Stories_from_tokenizer_model() => CheckReference(TestTokenizers.StoriesModel().Load(), TestTokenizers.Stories);

    [Fact]
    public void Stories_decodes_the_models_published_output()
    {
        using JsonDocument reference = Reference(TestTokenizers.Stories);
        int[] ids = Ids(reference.RootElement.GetProperty("greedy_ids"));
        string text = reference.RootElement.GetProperty("greedy_text").GetString()!;
        Assert.Equal(text, TestTokenizers.StoriesJson().Load().Decode(ids));
        Assert.Equal(text, TestTokenizers.StoriesModel().Load().Decode(ids));
    }

    [Fact]
    public void BabyLlama_has_no_merges_and_still_encodes()
    {
        string folder = TestData.Path("models", "babyllama361");
        ITokenizer tokenizer = TokenizerLoader.Load(folder);
        using JsonDocument reference = Reference(folder);
        string text = reference.RootElement.GetProperty("text").GetString()!;
        Assert.Equal(Ids(reference.RootElement.GetProperty("text_ids")), tokenizer.Encode(text));

        // The recorded text keeps the space of the dummy prefix, which the decoder strips.
        string greedy = reference.RootElement.GetProperty("greedy_text").GetString()!;
        Assert.Equal(greedy[1..], tokenizer.Decode(Ids(reference.RootElement.GetProperty("greedy_ids"))));
    }

    private static void Check(ITokenizer tokenizer, string file, int count) =>
        Check(tokenizer, Vector.Read(TestData.Path("tokenizers", "vectors", file)), count);

    private static void CheckReference(ITokenizer tokenizer, string folder)
    {
        List<Vector> vectors = Vector.Read(Path.Combine(folder, "reference.json"));
        Assert.NotEmpty(vectors);
        Check(tokenizer, vectors, vectors.Count);
    }

    private static void Check(ITokenizer tokenizer, List<Vector> vectors, int count)
    {
        Assert.Equal(count, vectors.Count);
        foreach (Vector vector in vectors)
        {
            Assert.Equal(vector.Ids, tokenizer.Encode(vector.Text));
            Assert.Equal(vector.Text, tokenizer.Decode(vector.Ids));
        }
    }

    private static JsonDocument Reference(string folder) =>
        JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "reference.json")));

    private static int[] Ids(JsonElement list) => [.. list.EnumerateArray().Select(id => id.GetInt32())];
}
