using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Backends.Cpu.Emitted;
using IlZo.Core.Tests.Models;
using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Training;

/// <summary>Predicted memory in closed form.</summary>
public class TrainingMemoryTests
{
    private const int Tokens = 2 * 3 * 32;

    [Theory]
    [InlineData("opt-tiny")]
    [InlineData("llama-gqa")]
    [InlineData("opt-350m-style")]
    [InlineData("gemma2-tiny")]
    [InlineData("phi3-tiny")]
    public void Activations_are_the_residual_stream_its_normalized_form_and_attention_or_the_mlp(string folder)
    {
        using var fixture = new ForwardFixture(folder);
        var shape = fixture.Model.Shape;
        int streams = folder == "opt-350m-style" ? 1 : 2;
        int mlp = (folder.StartsWith("opt", StringComparison.Ordinal) ? 1 : 2) * shape.Intermediate;
        int features = (streams * shape.Hidden) + Math.Max(2 * (shape.QueryFeatures + shape.KeyFeatures), mlp);
        Assert.Equal(Tokens * 4L * features, Predict(fixture, "auto", DeviceKind.Cpu).Activations);
        Assert.Equal(Tokens * 4L * features, Predict(fixture, "bf16x3", DeviceKind.Cuda).Activations);
    }

    [Fact]
    public void What_an_engine_packs_or_rounds_comes_to_them()
    {
        using var fixture = new ForwardFixture("opt-tiny");
        int widest = fixture.Model.Shape.Intermediate;
        long plain = Predict(fixture, "fp32", DeviceKind.Cpu).Activations;
        Assert.Equal(plain + (2L * Tokens * widest), Predict(fixture, "fp16", DeviceKind.Cuda).Activations);
        using var kernel = PanelFunction.Reference(TileKernel.Create(split: true));
        long packed = new BFloat16Products(kernel).PackedPanelBytes(widest) * Tokens / Panel.Lanes;
        Assert.Equal(plain + packed, Predict(fixture, "bf16x3", DeviceKind.Cpu).Activations);
    }

    [Fact]
    public void The_formula_gives_the_number()
    {
        using var fixture = new ForwardFixture("opt-tiny");
        Assert.Equal("2 probes x 3 x 32 tokens x 4 bytes x 384", Predict(fixture, "auto", DeviceKind.Cuda).Formula);
        Assert.Equal("2 probes x 3 x 32 tokens x (4 bytes x 384 + 2 bytes x 160)", Predict(fixture, "fp16", DeviceKind.Cuda).Formula);
    }

    // Of more than 128 tokens a probe, numbers are split beforehand in bf16x3, and those of the largest matrix of a layer at two probes.
    [Theory]
    [InlineData("auto", 128, "4 bytes x 384", 0)]
    [InlineData("auto", 129, "(4 bytes x 384 + 4 bytes x 160)", 4)]
    [InlineData("bf16x3", 129, "(4 bytes x 384 + 4 bytes x 160)", 4)]
    [InlineData("fp16", 256, "(4 bytes x 384 + 2 bytes x 160)", 0)]
    [InlineData("fp16", 257, "(4 bytes x 384 + 2 bytes x 160)", 2)]
    [InlineData("fp32", 257, "4 bytes x 384", 0)]
    public void Many_tokens_take_room_for_what_is_prepared_for_them(string precision, int tokens, string numbers, int prepared)
    {
        using var fixture = new ForwardFixture("opt-tiny");
        var options = new TrainingOptions { Precision = precision };
        var memory = TrainingMemory.Predict(fixture.Model, null, options, tokens, 1, DeviceKind.Cuda);
        Assert.Equal($"2 probes x {tokens} x 1 tokens x {numbers}", memory.Formula);
        long matrix = (long)fixture.Model.Shape.Hidden * fixture.Model.Shape.Intermediate;
        Assert.Equal(GpuMemory.Total + (2 * prepared * matrix), memory.Runtime);
    }

    [Theory]
    [InlineData("fp16", DeviceKind.Cpu)]
    [InlineData("bf16", DeviceKind.Cuda)]
    public void What_cannot_train_is_refused(string precision, DeviceKind kind)
    {
        using var fixture = new ForwardFixture("opt-tiny");
        Assert.Contains(
            "Precision", Assert.Throws<InvalidInputException>(() => Predict(fixture, precision, kind)).Message, StringComparison.Ordinal);
    }

    private static TrainingMemory Predict(ForwardFixture fixture, string precision, DeviceKind kind) =>
        TrainingMemory.Predict(fixture.Model, null, new TrainingOptions { Precision = precision }, batchSize: 3, sequence: 32, kind);
}
