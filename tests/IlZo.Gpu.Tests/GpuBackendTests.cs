using IlZo.Adapters;
using IlZo.Backends;
using IlZo.Core.Tests.Models;
using IlZo.Models;
using IlZo.Noise;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Gpu.Tests;

public class GpuBackendTests
{
    [Theory]
    [InlineData("opt-tiny", "mezo")]
    [InlineData("llama-gqa", "mezo-adam")]
    [InlineData("opt-tiny-fp16", "mezo-momentum")]
    public void A_training_follows_the_trajectory_of_the_processor(string folder, string method)
    {
        using var ours = new ForwardFixture(folder, threads: 1);
        using var theirs = new ForwardFixture(folder, threads: 1);
        using var device = new TestDevice();
        device.Backend.Load(ours.Model.Parameters);
        var actual = Train(ours.Model, device.Backend, ours.Inputs[0].Ids, method);
        var expected = Train(theirs.Model, theirs.Backend, ours.Inputs[0].Ids, method);
        for (int i = 0; i < expected.Count; i++)
        {
            Near.Equal(expected[i], actual[i], 2e-4);
        }

        Assert.True(Math.Abs(expected[0] - expected[^1]) > 1e-3, "The training changed nothing.");
    }

    [Fact]
    public void Memory_that_does_not_fit_is_refused_with_the_numbers()
    {
        using var fixture = new ForwardFixture("opt-tiny", threads: 1);
        using var small = new TestDevice(capacity: fixture.Model.Parameters.ByteCount);
        var error = Assert.Throws<InvalidInputException>(() => small.Backend.Load(fixture.Model.Parameters));
        Assert.Matches(
            @"^test:0: the weights take 0\.\d\d GB; of the device's 0\.\d\d GB that can be used, 0\.\d\d GB are free\.$", error.Message);
        using var narrow = new TestDevice(capacity: fixture.Model.Parameters.ByteCount + (2 << 20));
        narrow.Backend.Load(fixture.Model.Parameters);
        var pass = narrow.Backend.Begin(ForwardFixture.Batch([1, 2, 3]), [Probe.Unperturbed]);
        error = Assert.Throws<InvalidInputException>(() => pass.Reserve(1 << 20, 1));
        Assert.Contains("activations of a batch", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Derivatives_are_refused()
    {
        using var device = new TestDevice();
        var z = new GaussianDirection(new NoiseKey(1, NoiseStream.Direction, 1, 0));
        var error = Assert.Throws<InvalidInputException>(
            () => device.Backend.Begin(ForwardFixture.Batch([1, 2, 3]), [Probe.Derivative(z)]));
        Assert.Equal(
            "A derivative is asked for, which cuda in fp32 does not compute; Device cpu with Engine managed was expected.", error.Message);
    }

    [Fact]
    public void Scales_apart_from_their_blocks_are_refused()
    {
        using var temp = new TempFolder();
        using (var source = ModelLoader.Load(TestData.Path("models", "stories260K")))
        {
            QuantizedCheckpoint.Save(source, temp["q4"], DType.Q4_0);
        }

        using var model = ModelLoader.Load(temp["q4"]);
        AdapterFactory.Attach(model, new AdapterOptions("scales"), null);
        using var device = new TestDevice();
        var error = Assert.Throws<InvalidInputException>(() => device.Backend.Load(model.Parameters));
        Assert.Equal(
            "Tensor 'model.embed_tokens.weight' is read with scales apart from its blocks, for which GPUs have no kernel; the device cpu "
                + "was expected.",
            error.Message);
        model.Use(null);
        device.Backend.Load(model.Parameters);
    }

    [Fact]
    public void Weights_that_were_not_loaded_are_an_error_of_the_caller()
    {
        using var fixture = new ForwardFixture("opt-tiny", threads: 1);
        using var device = new TestDevice();
        var batch = ForwardFixture.Batch([1, 2, 3]);
        var pass = device.Backend.Begin(batch, [Probe.Unperturbed]);
        Assert.Throws<InvalidOperationException>(() => fixture.Model.Forward(pass));
    }

    [Fact]
    public void Loading_ends_and_leaves_no_weights_on_the_device()
    {
        using var fixture = new ForwardFixture("opt-tiny", threads: 1);
        using var device = new TestDevice();
        long before = device.Backend.UsedBytes;
        device.Backend.Load(fixture.Model.Parameters);
        Assert.Throws<OperationCanceledException>(
            () => device.Backend.Load(fixture.Model.Parameters, new CancellationToken(canceled: true)));
        Assert.Equal(before, device.Backend.UsedBytes);
        var pass = device.Backend.Begin(ForwardFixture.Batch([1, 2, 3]), [Probe.Unperturbed]);
        Assert.Throws<InvalidOperationException>(() => fixture.Model.Forward(pass));
        device.Backend.Load(fixture.Model.Parameters);
        pass = device.Backend.Begin(ForwardFixture.Batch([1, 2, 3]), [Probe.Unperturbed]);
        Assert.Equal(3, fixture.Model.Forward(pass).Tokens);
    }

    [Fact]
    public void Memory_of_weights_is_given_back_when_others_take_their_place()
    {
        using var first = new ForwardFixture("opt-tiny", threads: 1);
        using var second = new ForwardFixture("opt-tiny", threads: 1);
        using var device = new TestDevice();
        device.Backend.Load(first.Model.Parameters);
        long used = device.Backend.UsedBytes;
        _ = Train(first.Model, device.Backend, first.Inputs[0].Ids, "mezo-adam");
        Assert.True(device.Backend.UsedBytes > used + (2 * first.Model.Parameters.Count * sizeof(float)), "Adam keeps nothing.");
        device.Backend.Load(second.Model.Parameters);
        Assert.InRange(device.Backend.UsedBytes, used, used + (1 << 20));
    }

    private static List<double> Train(LanguageModel model, IBackend backend, int[] ids, string method, int steps = 6)
    {
        var oracle = new TextOracle(model, backend, ids);
        using var optimizer = MethodTests.Create(model, method);
        var losses = new List<double>();
        for (long step = 1; step <= steps; step++)
        {
            var record = optimizer.Decide(step, oracle, method == "mezo-adam" ? 1e-3 : 1e-4);
            losses.AddRange(record.Losses);
            optimizer.Apply(record, backend);
        }

        return losses;
    }
}
