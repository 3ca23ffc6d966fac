using IlZo.Adapters;
using IlZo.Backends.Cpu;
using IlZo.Benchmarks;
using IlZo.Models;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Backends.Streaming;

/// <summary>Weights that are in memory only while they are read.</summary>
public sealed class StreamedWeightsTests : IDisposable
{
    private readonly SyntheticFolder _folder = new("opt-tiny");
    private readonly List<LanguageModel> _models = [];

    public void Dispose()
    {
        _models.ForEach(m => m.Dispose());
        _folder.Dispose();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void What_stays_is_what_is_in_no_layer_and_as_many_layers_as_fit(int layersThatFit)
    {
        var model = LoadLora(null);
        long[] layers =
        [
            .. Enumerable.Range(0, 2).Select(
                i => model.Parameters.All.Where(p => p.Layer == i && p.Place is not null).Sum(p => p.ByteCount)),
        ];
        long outside = model.Parameters.ByteCount - layers.Sum();
        var plan = model.PlanMemory(outside + (layersThatFit * layers[0]) + 1);
        Assert.Equal(layers[0], layers[1]);
        Assert.Equal(outside + (layersThatFit * layers[0]), plan.ResidentBytes);
        Assert.Equal(2 - layersThatFit, plan.Count);
        Assert.Equal((2 - layersThatFit) * layers[0], plan.WorkingBytes);
        Assert.Equal(2, LoadLora(0).PlanMemory(0).Count);
    }

    // The layers that are read anew are as far from each other as they can be.
    [Theory]
    [InlineData(6)]
    [InlineData(2)]
    [InlineData(3)]
    public void Layers_that_do_not_stay_are_spread_over_the_model(int streamed)
    {
        const int Layers = 12;
        var model = LoadLora(null);
        var source = model.Parameters.All.First(p => p.Layer == 0 && p.Place is not null);
        var tensors = Enumerable.Range(0, Layers).Select(i => Copy(source, $"t{i:00}", i)).ToList();
        using var set = new ParameterSet([.. tensors, Copy(source, "z", null)], []);
        set.Train(p => p.Name == "z");
        var plan = StreamPlan.Of(set, Layers, (1 + Layers - streamed) * source.ByteCount);
        Assert.Equal(streamed, plan.Count);
        int[] chosen = [.. Enumerable.Range(0, Layers).Where(i => plan.Layers[i].Count > 0)];
        Assert.All(chosen.Zip(chosen.Skip(1)), pair => Assert.Equal(Layers / streamed, pair.Second - pair.First));
    }

    // The first layer is as large as three others.
    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(7)]
    [InlineData(8)]
    public void What_stays_is_within_the_budget_though_layers_differ(int units)
    {
        var model = LoadLora(null);
        var source = model.Parameters.All.First(p => p.Layer == 0 && p.Place is not null);
        string[] names = ["a0", "a1", "a2", "b", "c", "d", "e"];
        var tensors = names.Select((name, i) => Copy(source, name, Math.Max(0, i - 2)));
        using var set = new ParameterSet([.. tensors, Copy(source, "z", null)], []);
        set.Train(p => p.Name == "z");
        var plan = StreamPlan.Of(set, 5, units * source.ByteCount);
        Assert.InRange(plan.ResidentBytes, source.ByteCount, units * source.ByteCount);
        Assert.Equal(units < 8, plan.Count > 0);
    }

    public static TheoryData<string> Methods => [.. OptimizerCatalog.All.Select(m => m.Name)];

    [Theory]
    [InlineData(0L)]
    [InlineData(100_000L)]
    public void A_pass_has_the_bits_that_it_has_with_all_weights_in_memory(long budget) =>
        Assert.Equal(Train(new() { Adapter = "lora" }), Train(new() { Adapter = "lora", WeightMemory = budget }));

    // Seven steps are no multiple of how many wait.
    [Theory]
    [MemberData(nameof(Methods))]
    public void A_method_trains_all_weights_to_the_bits_that_it_has_in_memory(string method)
    {
        string kept = Train(new() { Optimizer = method });
        Assert.Equal(kept, Train(new() { Optimizer = method, WeightMemory = 0, WriteEvery = 2 }));
        Assert.Equal(kept, Train(new() { Optimizer = method, WeightMemory = 0, WriteEvery = 5 }));
    }

    [Theory]
    [InlineData("mezo", 0.1)]
    [InlineData("mezo-adam", 0)]
    public void Neither_the_budget_nor_how_many_updates_wait_changes_a_bit(string method, double decay)
    {
        var options = new TrainingOptions { Optimizer = method, WeightDecay = decay };
        string kept = Train(options);
        foreach (long budget in (long[])[0, 100_000, 1 << 30])
        {
            foreach (int every in (int[])[1, 2, 5, 64])
            {
                Assert.Equal(kept, Train(options with { WeightMemory = budget, WriteEvery = every }));
            }
        }
    }

    [Theory]
    [InlineData("*layers.0.*")]
    [InlineData("*fc1*,*q_proj*")]
    public void Layers_of_which_some_tensors_are_trained_have_the_same_bits(string trained)
    {
        var options = new TrainingOptions { TrainOnly = trained };
        Assert.Equal(Train(options), Train(options with { WeightMemory = 0, WriteEvery = 3 }));
    }

    [Fact]
    public void A_pass_that_was_given_up_in_a_layer_leaves_no_update_made_twice()
    {
        Assert.Equal(Train(new()), Train(new() { WeightMemory = 0, WriteEvery = 3 }, (model, backend) =>
        {
            var pass = backend.Begin(RandomBatch.Create(model, 1, 4).Tokens, [Probe.Unperturbed]);
            pass.EnterLayer(0);
        }));
    }

    // Where weights are at a moment is known to the backend that moves them.
    [Fact]
    public void Weights_that_a_backend_streams_are_read_by_no_other()
    {
        var model = LoadLora(0);
        using var first = new CpuBackend(1);
        using var second = new CpuBackend(1);
        first.Load(model.Parameters);
        first.Load(model.Parameters);
        var oracle = new BenchmarkOracle(model, second, 3, 11);
        foreach (Action use in (Action[])[() => second.Load(model.Parameters), () => oracle.Losses([Probe.Unperturbed])])
        {
            Assert.Equal(
                "The weights are streamed by another backend; only that one was expected.",
                Assert.Throws<InvalidOperationException>(use).Message);
        }
    }

    [Fact]
    public void What_does_not_fit_where_the_work_file_is_made_is_said_in_a_sentence()
    {
        var model = Load(new TrainingOptions());
        model.PlanMemory(0, Path.Combine(_folder.Path, "nowhere"));
        using var backend = new CpuBackend(1);
        string message = Assert.Throws<InvalidInputException>(() => backend.Load(model.Parameters)).Message;
        Assert.StartsWith($"'{Path.Combine(_folder.Path, "nowhere")}' cannot take the ", message, StringComparison.Ordinal);
        Assert.EndsWith("; a folder with room for them was expected.", message, StringComparison.Ordinal);
    }

    // What is loaded is hashed on the way; afterwards it is read again.
    [Fact]
    public void Hashes_that_were_taken_at_load_are_those_of_the_weights()
    {
        var hashed = ModelLoader.Load(_folder.Path, new WeightOptions(null, CheckValues: true) { Hashes = true, Drops = true });
        var plain = ModelLoader.Load(_folder.Path);
        _models.AddRange([hashed, plain]);
        Assert.All(hashed.Parameters.All, p => Assert.NotNull(p.LoadedHashes));
        Assert.All(plain.Parameters.All, p => Assert.Null(p.LoadedHashes));
        Assert.Equal(plain.Parameters.Sha256(), hashed.Parameters.Sha256());
        using (hashed.Parameters.Write())
        {
            unsafe
            {
                *(ushort*)hashed.Parameters.All[0].At(0, 0) ^= 1;
            }
        }

        Assert.NotEqual(plain.Parameters.Sha256(), hashed.Parameters.Sha256());
    }

    private static unsafe Parameter Copy(Parameter source, string name, int? layer) =>
        new(name, source.Shape, source.Type, source.Data) { Place = source.Place, Layer = layer };

    private LanguageModel LoadLora(long? budget) => Load(new TrainingOptions { Adapter = "lora", WeightMemory = budget });

    private LanguageModel Load(TrainingOptions options)
    {
        var model = TrainableModel.Load(options with { Model = _folder.Path });
        _models.Add(model);
        return model;
    }

    // What seven steps decide and lead to; between them, the weights are read.
    private string Train(TrainingOptions options, Action<LanguageModel, CpuBackend>? between = null)
    {
        options = Presets.Resolve(options with { Model = _folder.Path });
        using var model = TrainableModel.Load(options);
        using var backend = new CpuBackend(2);
        using var optimizer = TrainableModel.CreateOptimizer(options, model);
        backend.Load(model.Parameters);
        Assert.Equal(options.WeightMemory is < 1 << 30, backend.PutsUpdatesOff);
        var oracle = new BenchmarkOracle(model, backend, 3, 11);
        var losses = new List<double>();
        for (int step = 1; step <= 7; step++)
        {
            var record = optimizer.Decide(step, oracle, 1e-3);
            Assert.False(record.Skipped);
            optimizer.Apply(record, backend);
            losses.AddRange(record.Losses);
            between?.Invoke(model, backend);
            if (step == 4)
            {
                backend.Store(model.Parameters);
                losses.AddRange(oracle.Losses([Probe.Unperturbed]));
            }
        }

        backend.Store(model.Parameters);
        return $"{string.Join(' ', losses)} {model.Parameters.Sha256()}";
    }
}
