using IlZo.Core.Tests.Models;
using IlZo.Gguf;
using IlZo.Models;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Gguf;

/// <summary>GGUF files as models in the Hugging Face layout.</summary>
public sealed class GgufImportTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Theory]
    [InlineData("llama-gqa")]
    [InlineData("llama-mha")]
    [InlineData("llama3-rope")]
    [InlineData("gemma-tiny")]
    [InlineData("phi3-tiny")]
    [InlineData("phi3-longrope")]
    [InlineData("gpt2-tiny")]
    public void What_was_exported_comes_back_with_all_its_numbers(string fixture)
    {
        string source = ImportSource.WithTokenizer(_temp["source"], fixture);
        using var model = ModelLoader.Load(source);
        GgufExport.Save(model, _temp["model.gguf"], GgufType.F32);
        GgufImport.Save(_temp["model.gguf"], _temp["back"], null, null, default);
        using var back = ModelLoader.Load(_temp["back"]);
        Assert.Equal(model.Shape.Architecture, back.Shape.Architecture);
        Assert.Equal(model.Shape.Layers, back.Shape.Layers);
        var mine = model.Parameters.All.ToDictionary(p => p.Name[(p.Name.IndexOf('.', StringComparison.Ordinal) + 1)..]);
        Assert.Equal(mine.Count, back.Parameters.All.Count);
        foreach (var tensor in back.Parameters.All)
        {
            string name = tensor.Name[(tensor.Name.IndexOf('.', StringComparison.Ordinal) + 1)..];
            float[] was = StoredNumbers.Of(mine[name]);
            float[] now = StoredNumbers.Of(tensor);
            Assert.Equal(mine[name].Shape, tensor.Shape);

            // Gemma's norms are written with 1 added, which takes their last bits.
            double tolerance = fixture.StartsWith("gemma", StringComparison.Ordinal) && tensor.Role.Part == ModelPart.Norm ? 1e-6 : 0;
            Near.Equal(was, now, tolerance);
        }

        int[] ids = [.. Enumerable.Range(0, 12).Select(i => ((7 * i) + 3) % model.Shape.Vocabulary)];
        using var one = new LoadedModel(source);
        using var two = new LoadedModel(_temp["back"]);
        Near.Equal(one.Logits(ids), two.Logits(ids), fixture.StartsWith("gemma", StringComparison.Ordinal) ? 1e-3 : 0);
    }

    [Theory]
    [InlineData("stories260K")]
    [InlineData("babyllama361")]
    public void Tokenizers_cut_texts_as_before(string name)
    {
        string source = TestData.Path("models", name);
        using var model = ModelLoader.Load(source);
        GgufExport.Save(model, _temp["model.gguf"], GgufType.Q8_0);
        GgufImport.Save(_temp["model.gguf"], _temp["back"], DType.F32, null, default);
        using var back = ModelLoader.Load(_temp["back"]);
        var (before, after) = (ModelLoader.Tokenizer(model.Checkpoint), ModelLoader.Tokenizer(back.Checkpoint));
        foreach (string text in (string[])
            ["", "Once upon a time", " two  spaces\n and lines\n\n", "Ünï→cödé 😀 \t", "a", "<s> </s>", "0123456789 ...!?", "(x)"])
        {
            Assert.Equal(before.Encode(text), after.Encode(text));
            Assert.Equal(before.Decode(before.Encode(text)), after.Decode(after.Encode(text)));
        }

        Assert.Equal((before.BosId, before.EosId), (after.BosId, after.EosId));
    }

    [Fact]
    public void Byte_level_tokenizers_come_back_with_their_merges_and_marks()
    {
        string source = ImportSource.WithTokenizer(_temp["source"], "gpt2-tiny");
        using var model = ModelLoader.Load(source);
        GgufExport.Save(model, _temp["model.gguf"], GgufType.F16);
        GgufImport.Save(_temp["model.gguf"], _temp["back"], null, null, default);
        using var back = ModelLoader.Load(_temp["back"]);
        var (before, after) = (ModelLoader.Tokenizer(model.Checkpoint), ModelLoader.Tokenizer(back.Checkpoint));
        foreach (string text in (string[])["hello abc", " abab  bb\n", "<|end|>ab<|end|>"])
        {
            Assert.Equal(before.Encode(text), after.Encode(text));
            Assert.Equal(before.CountSpecialTokens(text), after.CountSpecialTokens(text));
        }

        Assert.Contains(94 + 2, after.Encode("ab"));
        Assert.All(back.Parameters.All, p => Assert.Equal(DType.F16, p.Type));
    }

    [Fact]
    public void A_tokenizer_of_a_folder_takes_the_place_of_the_files()
    {
        using var model = ModelLoader.Load(TestData.Path("models", "stories260K"));
        GgufExport.Save(model, _temp["model.gguf"], GgufType.F16);
        GgufImport.Save(_temp["model.gguf"], _temp["back"], null, TestData.Path("models", "stories260K"), default);
        foreach (string file in Directory.GetFiles(TestData.Path("models", "stories260K"), "tokenizer*"))
        {
            Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(_temp["back", Path.GetFileName(file)]));
        }
    }

    [Fact]
    public void A_folder_that_is_there_stays_as_it_is()
    {
        using var model = ModelLoader.Load(TestData.Path("models", "stories260K"));
        GgufExport.Save(model, _temp["model.gguf"], GgufType.F16);
        Directory.CreateDirectory(_temp["back"]);
        Refused("'" + _temp["back"] + "' exists already");
        Assert.Empty(Directory.GetFileSystemEntries(_temp["back"]));
        Directory.Delete(_temp["back"]);
        File.WriteAllText(_temp["back"], "mine");
        Refused("'" + _temp["back"] + "' exists already");
        Assert.Equal("mine", File.ReadAllText(_temp["back"]));
    }

    [Fact]
    public void A_file_that_is_cut_anywhere_is_refused_by_name_and_place()
    {
        using var model = ModelLoader.Load(TestData.Path("models", "stories260K"));
        GgufExport.Save(model, _temp["whole.gguf"], GgufType.F16);
        byte[] whole = File.ReadAllBytes(_temp["whole.gguf"]);
        for (int length = 0; length < whole.Length; length += 1 + (length / 3))
        {
            File.WriteAllBytes(_temp["model.gguf"], whole[..length]);
            Refused(_temp["model.gguf"]);
        }

        Assert.False(Directory.Exists(_temp["back"]));
        Assert.DoesNotContain(Directory.GetFileSystemEntries(_temp.Path), e => e.Contains("tmp-", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(0, (byte)'X', "does not begin with GGUF")]
    [InlineData(4, 1, "got version 1 at byte 4")]
    [InlineData(4, 4, "got version 4 at byte 4")]
    [InlineData(15, 0x7f, "tensors at byte 8")]
    [InlineData(23, 0x7f, "keys at byte 16")]
    [InlineData(31, 0x7f, "bytes of a string at byte 24")]
    public void A_head_with_a_wrong_byte_is_refused_by_its_place(int place, byte value, string expected)
    {
        using var model = ModelLoader.Load(TestData.Path("models", "stories260K"));
        GgufExport.Save(model, _temp["model.gguf"], GgufType.F16);
        byte[] bytes = File.ReadAllBytes(_temp["model.gguf"]);
        bytes[place] = value;
        File.WriteAllBytes(_temp["model.gguf"], bytes);
        Refused(expected);
    }

    private void Refused(string expected) => Assert.Contains(
        expected,
        Assert.Throws<InvalidInputException>(() => GgufImport.Save(_temp["model.gguf"], _temp["back"], null, null, default)).Message,
        StringComparison.Ordinal);
}
