using IlZo.Models;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Models;

/// <summary>Checkpoints whose matrices are in blocks.</summary>
public sealed class QuantizedCheckpointTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public static TheoryData<string, DType> Models => new()
    {
        { "stories260K", DType.Q8_0 },
        { "stories260K", DType.Q4_0 },
        { "stories260K", DType.NF4 },
        { "gpt-nano-sort", DType.Q4_0 },
        { "babyllama361", DType.Q8_0 },
    };

    public void Dispose() => _temp.Dispose();

    [Theory]
    [MemberData(nameof(Models))]
    public void The_forward_is_that_of_the_widened_model_bit_for_bit(string name, DType type)
    {
        using (var source = ModelLoader.Load(TestData.Path("models", name)))
        {
            QuantizedCheckpoint.Save(source, _temp["blocks"], type);
            using var blocks = ModelLoader.Load(_temp["blocks"]);
            using var wide = ModelLoader.Load(_temp["blocks"], DType.F32);
            Assert.Contains(blocks.Parameters.All, p => p.Type == type);
            Assert.All(wide.Parameters.All, p => Assert.Equal(DType.F32, p.Type));
            wide.Save(_temp["wide"]);
        }

        using var one = new LoadedModel(_temp["blocks"]);
        using var two = new LoadedModel(_temp["wide"]);
        int[] ids = [.. Enumerable.Range(0, 11).Select(i => ((7 * i) + 3) % one.Model.Shape.Vocabulary)];
        Assert.Equal(two.Logits(ids), one.Logits(ids));
        using var oneCache = one.CreateCache(16);
        using var twoCache = two.CreateCache(16);
        for (int i = 0; i < ids.Length; i++)
        {
            Assert.Equal(two.Logits(ids[i..(i + 1)], twoCache, i), one.Logits(ids[i..(i + 1)], oneCache, i));
        }
    }

    [Fact]
    public void The_report_says_what_was_rounded_and_how_far_off_it_is()
    {
        using var source = ModelLoader.Load(TestData.Path("models", "stories260K"));
        var report = QuantizedCheckpoint.Save(source, _temp["blocks"], DType.Q8_0, "role:token-embedding");
        using var blocks = ModelLoader.Load(_temp["blocks"]);

        // Rows of 172 are no whole number of blocks of 32.
        Assert.Equal(
            ["model.embed_tokens.weight", .. Enumerable.Range(0, 5).Select(i => $"model.layers.{i}.mlp.down_proj.weight")],
            report.Kept.Order(StringComparer.Ordinal));
        double squares = 0, errors = 0;
        foreach (var parameter in blocks.Parameters.All)
        {
            var before = source.Parameters[parameter.Name];
            if (parameter.Type != DType.Q8_0)
            {
                Assert.Equal(before.Type, parameter.Type);
                continue;
            }

            Assert.Contains(report.Quantized, name => name.EndsWith(parameter.Name, StringComparison.Ordinal));
            float[] exact = StoredNumbers.Of(before), rounded = StoredNumbers.Of(parameter);
            squares += exact.Sum(x => (double)x * x);
            errors += exact.Zip(rounded, (x, y) => ((double)x - y) * ((double)x - y)).Sum();
        }

        Near.Equal(Math.Sqrt(errors / squares), report.Error, 1e-12);
        Assert.InRange(report.Error, 1e-4, 0.01);
        Assert.Equal(blocks.Checkpoint.Tensors.Values.Sum(t => t.ByteCount), report.QuantizedBytes);
        Assert.Equal(source.Checkpoint.Tensors.Values.Sum(t => t.ByteCount), report.StoredBytes);
    }

    [Fact]
    public void What_is_in_blocks_already_is_not_rounded_again()
    {
        using var source = ModelLoader.Load(TestData.Path("models", "stories260K"));
        QuantizedCheckpoint.Save(source, _temp["blocks"], DType.Q8_0);
        using var blocks = ModelLoader.Load(_temp["blocks"]);
        string message = Assert.Throws<InvalidInputException>(() => QuantizedCheckpoint.Save(blocks, _temp["again"], DType.NF4)).Message;
        Assert.EndsWith("is in blocks of q8_0 already; weights in fp32, fp16 or bf16 were expected.", message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_temp["again"]));
    }

    [Fact]
    public void Saved_again_blocks_are_what_they_were()
    {
        using (var source = ModelLoader.Load(TestData.Path("models", "stories260K")))
        {
            QuantizedCheckpoint.Save(source, _temp["blocks"], DType.Q4_0);
        }

        using var blocks = ModelLoader.Load(_temp["blocks"]);
        blocks.Save(_temp["again"]);
        using var again = ModelLoader.Load(_temp["again"]);
        Assert.Equal(blocks.Parameters.Sha256(), again.Parameters.Sha256());
        Assert.Equal(
            File.ReadAllBytes(_temp["blocks", "config.json"]), File.ReadAllBytes(_temp["again", "config.json"]));
    }
}
