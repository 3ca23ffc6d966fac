using IlZo.Adapters;
using IlZo.Backends.Cpu;
using IlZo.Benchmarks;
using IlZo.Models;
using IlZo.Tensors;
using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Models;

/// <summary>Frozen weights that are in memory only while they are read.</summary>
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
        var model = Load(null);
        long[] layers =
            [.. Enumerable.Range(0, 2).Select(i => model.Parameters.All.Where(p => p.Layer == i && p.IsMapped).Sum(p => p.ByteCount))];
        long outside = model.Parameters.ByteCount - layers.Sum();
        var plan = model.Stream(outside + (layersThatFit * layers[0]) + 1);
        Assert.Equal(layers[0], layers[1]);
        Assert.Equal(outside + (layersThatFit * layers[0]), plan.ResidentBytes);
        Assert.Equal(2 - layersThatFit, plan.Layers);
        Assert.Equal((2 - layersThatFit) * layers[0], plan.WorkingBytes);
        Assert.True(Load(0).Stream(0).Layers == 2, "Nothing was streamed.");
    }

    // The layers that are read anew are as far from each other as they can be.
    [Theory]
    [InlineData(6)]
    [InlineData(2)]
    [InlineData(3)]
    public void Layers_that_do_not_stay_are_spread_over_the_model(int streamed)
    {
        const int Layers = 12;
        var model = Load(null);
        var source = model.Parameters.All.First(p => p.Layer == 0 && p.IsMapped);
        var tensors = Enumerable.Range(0, Layers).Select(i => Copy(source, $"t{i:00}", i)).ToList();
        using var set = new ParameterSet([.. tensors, Copy(source, "z", null)], []);
        set.Train(p => p.Name == "z");
        var plan = StreamedWeights.Plan(set, Layers, (1 + Layers - streamed) * source.ByteCount);
        Assert.Equal(streamed, plan.Layers);
        int[] chosen = [.. Enumerable.Range(0, Layers).Where(plan.IsStreamed)];
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
        var model = Load(null);
        var source = model.Parameters.All.First(p => p.Layer == 0 && p.IsMapped);
        string[] names = ["a0", "a1", "a2", "b", "c", "d", "e"];
        var tensors = names.Select((name, i) => Copy(source, name, Math.Max(0, i - 2)));
        using var set = new ParameterSet([.. tensors, Copy(source, "z", null)], []);
        set.Train(p => p.Name == "z");
        var plan = StreamedWeights.Plan(set, 5, units * source.ByteCount);
        Assert.InRange(plan.ResidentBytes, source.ByteCount, units * source.ByteCount);
        Assert.Equal(units < 8, plan.Layers > 0);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(0L)]
    [InlineData(100_000L)]
    public void A_pass_has_the_bits_that_it_has_with_all_weights_in_memory(long? budget)
    {
        using var backend = new CpuBackend(2);
        double[] Losses(LanguageModel model)
        {
            var oracle = new BenchmarkOracle(model, backend, 3, 11);
            using var optimizer = IlZo.Optimizers.OptimizerCatalog.Find("mezo").Create(
                new IlZo.Optimizers.OptimizerSettings(model.Parameters) { Seed = 1 });
            var losses = new List<double>();
            for (int step = 1; step <= 4; step++)
            {
                var record = optimizer.Decide(step, oracle, 1e-2);
                optimizer.Apply(record, backend);
                losses.Add(record.Coefficients[0]);
            }

            return [.. losses];
        }

        var kept = Load(null);
        var streamed = Load(budget);
        Assert.Equal(Losses(kept), Losses(streamed));
        Assert.Equal(kept.Parameters.Sha256(), streamed.Parameters.Sha256());
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
        new(name, source.Shape, source.Type, source.Data) { IsMapped = true, Layer = layer };

    private LanguageModel Load(long? budget)
    {
        var model = TrainableModel.Load(new TrainingOptions { Model = _folder.Path, Adapter = "lora", WeightMemory = budget });
        _models.Add(model);
        return model;
    }
}
