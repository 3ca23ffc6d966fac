using IlZo.Backends;
using IlZo.Benchmarks;
using IlZo.Core.Tests;
using IlZo.Models;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Training;

namespace IlZo.Gpu.Tests;

/// <summary>Weights of which a device has some layers only while a pass computes them.</summary>
public sealed class StreamedDeviceTests : IDisposable
{
    private readonly SyntheticFolder _folder = new("opt-tiny");

    public void Dispose() => _folder.Dispose();

    // Of each kind of what methods do with weights: updates that can wait, numbers for each weight, factors, sums, copies, many queries.
    private static readonly string[] s_kinds = ["mezo", "mezo-adam", "lozo", "dizo", "sparse-mezo", "mezo-svrg", "hizoo"];

    public static TheoryData<string> Methods =>
        [.. LongTests.Of(OptimizerCatalog.OfLosses.Select(m => m.Name), name => s_kinds.Contains(name))];

    // Five steps are no multiple of how many wait.
    [Theory]
    [MemberData(nameof(Methods))]
    public void A_method_trains_all_weights_to_the_bits_that_it_has_with_all_of_them_on_the_device(string method) =>
        Assert.Equal(
            Train(new() { Optimizer = method }), Train(new() { Optimizer = method, WeightMemory = 0, WriteEvery = 2 }));

    [Fact]
    public void Neither_the_budget_nor_how_many_updates_wait_changes_a_bit()
    {
        var options = new TrainingOptions { Optimizer = "mezo", WeightDecay = 0.1 };
        string kept = Train(options);
        foreach (var (budget, every) in ((long, int)[])[(0, 1), (0, 5), (100_000, 3), (1 << 30, 4)])
        {
            Assert.Equal(kept, Train(options with { WeightMemory = budget, WriteEvery = every }));
        }
    }

    [Theory]
    [InlineData("lora", null)]
    [InlineData(null, "*layers.0.*")]
    [InlineData(null, "*fc1*,*q_proj*")]
    public void Layers_of_which_not_all_is_trained_have_the_same_bits(string? adapter, string? trained)
    {
        var options = new TrainingOptions { Adapter = adapter, TrainOnly = trained };
        Assert.Equal(Train(options), Train(options with { WeightMemory = 0, WriteEvery = 3 }));
    }

    [Fact]
    public void A_pass_that_was_given_up_in_a_layer_leaves_no_update_made_twice() => Assert.Equal(
        Train(new()),
        Train(new() { WeightMemory = 0, WriteEvery = 3 }, (model, backend) =>
            backend.Begin(RandomBatch.Create(model, 1, 4).Tokens, [Probe.Unperturbed]).EnterLayer(0)));

    // Two layers and what is in none, and not the third.
    [Fact]
    public void The_device_has_room_for_what_stays_and_two_layers()
    {
        using var model = TrainableModel.Load(Presets.Resolve(new() { Model = _folder.Path, WeightMemory = 0 }));
        var plan = model.Parameters.Plan!;
        using var device = new TestDevice();
        long before = device.Backend.UsedBytes;
        device.Backend.Load(model.Parameters);
        Assert.Equal(plan.ResidentBytes + StreamedDeviceWeights.BytesOf(plan), device.Backend.UsedBytes - before);
        Assert.Equal(2, plan.Count);
        using var other = TrainableModel.Load(Presets.Resolve(new() { Model = _folder.Path }));
        device.Backend.Load(other.Parameters);
        Assert.Equal(other.Parameters.ByteCount, device.Backend.UsedBytes - before);
        using var third = TrainableModel.Load(Presets.Resolve(new() { Model = _folder.Path, WeightMemory = 0 }));
        using var small = new TestDevice(capacity: before + plan.ResidentBytes + plan.WorkingBytes - 1);
        Assert.StartsWith(
            "test:0: the weights take ", Assert.Throws<InvalidInputException>(() => small.Backend.Load(third.Parameters)).Message,
            StringComparison.Ordinal);
    }

    // Once before the room of a layer is used for the next but one, once more before it is written, and once for the losses.
    [Fact]
    public void The_host_waits_once_for_each_layer_that_comes()
    {
        var options = Presets.Resolve(new() { Model = _folder.Path, Optimizer = "mezo", WeightMemory = 0, WriteEvery = 2 });
        using var model = TrainableModel.Load(options);
        using var device = new TestDevice();
        using var optimizer = TrainableModel.CreateOptimizer(options, model);
        device.Backend.Load(model.Parameters);
        var oracle = new BenchmarkOracle(model, device.Backend, 2, 7);
        long[] waits = new long[6];
        for (int step = 0; step < waits.Length; step++)
        {
            long before = device.Backend.Stream.Waits;
            optimizer.Apply(optimizer.Decide(step + 1, oracle, 1e-3), device.Backend);
            waits[step] = device.Backend.Stream.Waits - before;
        }

        Assert.Equal([5, 3, 5, 3], waits[2..]);
    }

    [Fact]
    public void A_model_that_is_disposed_of_during_a_copy_is_read_to_its_end()
    {
        var model = TrainableModel.Load(Presets.Resolve(new() { Model = _folder.Path, WeightMemory = 0 }));
        using var device = new TestDevice();
        device.Backend.Load(model.Parameters);
        device.Backend.Begin(RandomBatch.Create(model, 1, 4).Tokens, [Probe.Unperturbed]).EnterLayer(0);
        model.Dispose();
        Assert.Throws<ObjectDisposedException>(() => device.Backend.Store(model.Parameters));
    }

    // What five steps decide and lead to; in the midst of them, the weights are read.
    private string Train(TrainingOptions options, Action<LanguageModel, GpuBackend>? between = null)
    {
        options = Presets.Resolve(options with { Model = _folder.Path });
        using var model = TrainableModel.Load(options);
        using var device = new TestDevice();
        using var optimizer = TrainableModel.CreateOptimizer(options, model);
        var backend = device.Backend;
        backend.Load(model.Parameters);
        Assert.Equal(options.WeightMemory is < 1 << 30, backend.PutsUpdatesOff);
        var oracle = new BenchmarkOracle(model, backend, 2, 7);
        var losses = new List<double>();
        for (int step = 1; step <= 5; step++)
        {
            var record = optimizer.Decide(step, oracle, 1e-3);
            Assert.False(record.Skipped);
            optimizer.Apply(record, backend);
            losses.AddRange(record.Losses);
            between?.Invoke(model, backend);
            if (step == 3)
            {
                backend.Store(model.Parameters);
                losses.AddRange(oracle.Losses([Probe.Unperturbed]));
            }
        }

        backend.Store(model.Parameters);
        return $"{string.Join(' ', losses)} {model.Parameters.Sha256()}";
    }
}
