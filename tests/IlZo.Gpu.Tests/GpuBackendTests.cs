using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Core.Tests.Models;
using IlZo.Models;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Training;

namespace IlZo.Gpu.Tests;

public class GpuBackendTests
{
    // Methods whose directions and rules have kernels; see kernels/README.md.
    private static readonly string[] s_methods = ["mezo", "mezo-momentum", "mezo-adam", "kerzoo", "curvzo", "fzoo", "zo-sign", "meazo"];

    /// <summary>The methods of the catalog, and whether they run.</summary>
    public static TheoryData<string, bool> Methods
    {
        get
        {
            var data = new TheoryData<string, bool>();
            foreach (var method in OptimizerCatalog.All)
            {
                data.Add(method.Name, s_methods.Contains(method.Name));
            }

            return data;
        }
    }

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

    [Theory]
    [MemberData(nameof(Methods))]
    public void A_method_does_what_it_does_on_the_processor_or_is_refused_by_name(string method, bool runs)
    {
        using var ours = new ForwardFixture("opt-tiny", threads: 1);
        using var theirs = new ForwardFixture("opt-tiny", threads: 1);
        using var device = new TestDevice();
        device.Backend.Load(ours.Model.Parameters);
        int[] ids = ours.Inputs[3].Ids;
        if (!runs)
        {
            var error = Assert.Throws<InvalidInputException>(() => Train(ours.Model, device.Backend, ids, method, steps: 2));
            Assert.Matches("GPU kernel", error.Message);
            return;
        }

        var actual = Train(ours.Model, device.Backend, ids, method, steps: 3);
        var expected = Train(theirs.Model, theirs.Backend, ids, method, steps: 3);
        Near.Equal([.. expected.Select(l => (float)l)], [.. actual.Select(l => (float)l)], 1e-3);
    }

    [Fact]
    public void What_the_log_says_gives_the_weights_of_the_processor_bit_for_bit()
    {
        using var ours = new ForwardFixture("opt-tiny-bf16", threads: 1);
        using var theirs = new ForwardFixture("opt-tiny-bf16", threads: 1);
        using var device = new TestDevice();
        device.Backend.Load(ours.Model.Parameters);
        using var ourOptimizer = Create(ours.Model, "mezo");
        using var theirOptimizer = Create(theirs.Model, "mezo");
        for (long step = 1; step <= 4; step++)
        {
            var record = new StepRecord { Step = step, LearningRate = 1e-3, Losses = [1, 2], Coefficients = [step - 2.5] };
            ourOptimizer.Apply(record, device.Backend);
            theirOptimizer.Apply(record, theirs.Backend);
        }

        device.Backend.Store(ours.Model.Parameters);
        Assert.Equal(theirs.Model.Parameters.Sha256(), ours.Model.Parameters.Sha256());
    }

    [Fact]
    public void Memory_that_does_not_fit_is_refused_with_the_numbers()
    {
        using var fixture = new ForwardFixture("opt-tiny", threads: 1);
        using var small = new TestDevice(capacity: fixture.Model.Parameters.ByteCount);
        var error = Assert.Throws<InvalidInputException>(() => small.Backend.Load(fixture.Model.Parameters));
        Assert.Matches(@"^test:0: the weights take 0\.\d\d GB; of the device's 0\.\d\d GB that can be used, 0\.\d\d GB are free\.$", error.Message);
        using var narrow = new TestDevice(capacity: fixture.Model.Parameters.ByteCount + (2 << 20));
        narrow.Backend.Load(fixture.Model.Parameters);
        narrow.Backend.Begin(ForwardFixture.Batch([1, 2, 3]), [Probe.Unperturbed]);
        error = Assert.Throws<InvalidInputException>(() => narrow.Backend.Reserve(1 << 20));
        Assert.Contains("activations of a batch", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_that_were_not_loaded_are_an_error_of_the_caller()
    {
        using var fixture = new ForwardFixture("opt-tiny", threads: 1);
        using var device = new TestDevice();
        var batch = ForwardFixture.Batch([1, 2, 3]);
        device.Backend.Begin(batch, [Probe.Unperturbed]);
        Assert.Throws<InvalidOperationException>(() => fixture.Model.Forward(device.Backend, batch));
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

    internal static Optimizer Create(LanguageModel model, string method) =>
        OptimizerCatalog.Find(method).Create(new OptimizerSettings(model.Parameters)
        {
            Seed = 5,
            Epsilon = 1e-3,
            Queries = OptimizerCatalog.Find(method).Queries,
            Sides = OptimizerCatalog.Find(method).Sides[0],
            OpenBase = () => BaseWeights.Open(ModelLoader.Open(model.Checkpoint.DisplayName), model),
        });

    private static List<double> Train(LanguageModel model, IBackend backend, int[] ids, string method, int steps = 6)
    {
        var oracle = new Oracle(model, backend, ids);
        using var optimizer = Create(model, method);
        var losses = new List<double>();
        for (long step = 1; step <= steps; step++)
        {
            var record = optimizer.Decide(step, oracle, method == "mezo-adam" ? 1e-3 : 1e-4);
            losses.AddRange(record.Losses);
            optimizer.Apply(record, backend);
        }

        return losses;
    }

    private sealed class Oracle(LanguageModel model, IBackend backend, int[] ids) : ILossOracle
    {
        public double[] Losses(IReadOnlyList<Probe> probes, int draw = 0)
        {
            var batch = ForwardFixture.Batch(ids);
            backend.Begin(batch, probes);
            var hidden = model.Forward(backend, batch);
            return [.. backend.LogProbabilities(hidden, model.Head, [.. ids.Skip(1).Select((id, i) => (i, id))]).Select(l => -l.Average())];
        }

        public double[] LossesOfAll(IReadOnlyList<Probe> probes) => Losses(probes);

        public void Parallel(int items, Action<int> body) => backend.Parallel(items, body);
    }
}
