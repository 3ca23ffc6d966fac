using IlZo.Benchmarks;
using IlZo.Core.Tests;
using IlZo.Gpu.Benchmarks;
using IlZo.Tensors;

namespace IlZo.Gpu.Tests.Benchmarks;

/// <summary>Benchmarks of devices, run where their times mean nothing: everything is measured, and nothing is left on the device.</summary>
public sealed class DeviceBenchmarkTests : IDisposable
{
    private static readonly DeviceBenchmarkScale s_scale = DeviceBenchmarkScale.Simulation;

    private readonly TestDevice _device = new();

    public void Dispose() => _device.Dispose();

    [Theory]
    [InlineData(DType.F32, 4)]
    [InlineData(DType.F16, 2)]
    [InlineData(DType.BF16, 2)]
    public void Products_are_measured_for_every_layer_and_number_of_tokens(DType type, int size)
    {
        var results = DeviceGemm.Run(_device.Backend, type, null, 2, s_scale).ToList();
        Assert.Equal(
            s_scale.Layers.SelectMany(l => s_scale.Tokens.Select(t => (l.Outputs, l.Inputs, t))),
            results.Select(r => (r.Outputs, r.Inputs, r.Tokens)));
        Assert.All(results, r =>
        {
            Assert.Equal((long)r.Outputs * r.Inputs * size, r.WeightBytes);
            Positive(r.PlainSeconds, r.DualSeconds, r.PlainGigaflops, r.DualGigaflops, r.WeightGigabytes);
            Positive(r.Peak);
        });
        Assert.Equal([5, 5], DeviceGemm.Run(_device.Backend, type, 5, 1, s_scale).Select(r => r.Tokens));
    }

    [Fact]
    public void Rates_follow_from_sizes_and_seconds()
    {
        var result = new DeviceGemm(1000, 2000, 50, 4_000_000, 0.5, 0.8, new DevicePeak(1, 1, 1, null));
        Near.Equal(0.4, result.PlainGigaflops, 1e-12);
        Near.Equal(0.5, result.DualGigaflops, 1e-12);
        Near.Equal(0.008, result.WeightGigabytes, 1e-12);
    }

    [Fact]
    public void The_peak_of_tensor_cores_is_measured_where_they_compute_products()
    {
        var scale = s_scale with { ArithmeticGroups = 1, Rounds = 1 };
        using var device = TensorDevice.Create();
        var peak = DevicePeaks.MeasureAlone(device.Backend, 1, scale);
        Positive(peak);
        Positive(peak.TensorGigaflops!.Value);
        Assert.Equal(peak.TensorGigaflops, peak.ProductGigaflops);
        var other = DevicePeaks.MeasureAlone(_device.Backend, 1, scale);
        Assert.Null(other.TensorGigaflops);
        Assert.Equal(other.FmaGigaflops, other.ProductGigaflops);
    }

    [Fact]
    public void Noise_is_measured()
    {
        var result = DeviceNoise.Run(_device.Backend, 1, s_scale);
        Positive(result.Normal, result.Signs);
        Positive(result.Peak);
    }

    [Fact]
    public void A_whole_step_of_a_shape_is_measured_with_its_memory()
    {
        using var folder = new SyntheticFolder("llama-tiny");
        var result = DeviceStep.Run(_device.Backend, null, "llama-tiny", 2, 5, 1, s_scale);
        var ofFolder = DeviceStep.Run(_device.Backend, folder.Path, null, 2, 5, 1, s_scale);
        foreach (var step in (DeviceStep[])[result, ofFolder])
        {
            Near.Equal(step.StepSeconds, step.ForwardSeconds + step.UpdateSeconds, 1e-12);
            Positive(step.ForwardSeconds, step.UpdateSeconds, step.NeededGigaflop, step.Gigaflops, step.UpdateGigabytes);
            Positive(step.Peak);
            Assert.True(step.Memory.UsedBytes > step.Memory.WeightBytes, "Activations take nothing.");
            Assert.Null(step.Memory.OccupiedBytes);
        }

        Assert.Equal(ofFolder.Memory, result.Memory);
        Assert.Equal(ofFolder.NeededGigaflop, result.NeededGigaflop);

        // Random weights, not zeros: some logits are far from others.
        Assert.True(Math.Abs(result.Loss - Math.Log(331)) > 0.05, $"The loss is {result.Loss}.");
    }

    [Fact]
    public void A_forward_is_measured()
    {
        var result = DeviceForward.Run(_device.Backend, null, "opt-tiny", 2, 5, 1, s_scale);
        Positive(result.Seconds, result.TokensPerSecond, result.Gigaflops);
        Near.Equal(10, result.TokensPerSecond * result.Seconds, 1e-9);
    }

    [Fact]
    public void Weights_that_are_made_on_the_device_are_normal_matrices_and_the_vectors_of_the_file()
    {
        using var outline = new SyntheticFolder("opt-tiny", outline: true);
        using var loaded = DeviceModel.Load(_device.Backend, null, "opt-tiny");
        var set = loaded.Model.Parameters;
        _device.Backend.Store(set);
        var matrices = set.All.Where(p => p.Shape.Count > 1).SelectMany(Values).ToList();
        double mean = matrices.Average();
        double deviation = Math.Sqrt(matrices.Average(v => (v - mean) * (v - mean)));
        double error = outline.Deviation / Math.Sqrt(matrices.Count);
        Assert.InRange(mean, -4 * error, 4 * error);
        Assert.InRange(deviation, outline.Deviation - (3 * error), outline.Deviation + (3 * error));
        Assert.InRange(Values(set["model.decoder.final_layer_norm.weight"]).Average(), 0.9, 1.1);
    }

    [Fact]
    public void What_does_not_fit_is_refused_with_the_numbers_and_leaves_nothing_behind()
    {
        using var small = new TestDevice(capacity: 100_000);
        long before = small.Backend.UsedBytes;
        var error = Assert.Throws<InvalidInputException>(() => DeviceStep.Run(small.Backend, null, "opt-tiny", 1, 4, 1, s_scale));
        Assert.Matches(
            @"^test:0: the weights take 0\.\d\d GB; of the device's 0\.\d\d GB that can be used, 0\.\d\d GB are free\.$", error.Message);
        error = Assert.Throws<InvalidInputException>(() => DeviceNoise.Run(small.Backend, 1, s_scale with { CopyBytes = 1 << 20 }));
        Assert.StartsWith("test:0: the buffers of a benchmark take ", error.Message, StringComparison.Ordinal);
        Assert.Equal(before, small.Backend.UsedBytes);
    }

    [Fact]
    public void Buffers_of_a_benchmark_are_given_back()
    {
        long before = _device.Backend.UsedBytes;
        _ = DeviceNoise.Run(_device.Backend, 1, s_scale);
        Assert.Equal(before, _device.Backend.UsedBytes);
    }

    [Fact]
    public void A_text_that_is_longer_than_the_model_takes_is_refused() => Assert.Equal(
        "The length of texts is 65; at most the model's 64 positions were expected.",
        Assert.Throws<InvalidInputException>(() => DeviceForward.Run(_device.Backend, null, "opt-tiny", 1, 65, 1, s_scale)).Message);

    private static void Positive(DevicePeak peak) => Positive(peak.CopyGigabytes, peak.ReadGigabytes, peak.FmaGigaflops);

    private static void Positive(params double[] values) => Assert.All(values, v => Assert.True(v > 0 && double.IsFinite(v), $"{v}"));

    private static unsafe double[] Values(Parameter p) => [.. Enumerable.Range(0, (int)p.Count).Select(i => (double)((Half*)p.Data)[i])];
}
