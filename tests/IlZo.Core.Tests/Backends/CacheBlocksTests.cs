using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Backends.Cpu.Emitted;
using IlZo.Benchmarks;
using IlZo.Core.Tests.Backends.Emitted;
using IlZo.Machine;
using IlZo.Models;
using IlZo.Noise;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Backends;

/// <summary>Blocks are a function of the caches, and results are not.</summary>
public sealed unsafe class CacheBlocksTests
{
    private const int ManagedRow = Panel.Stride * sizeof(float);

    // From no room at all to room for everything.
    private static readonly CacheBlocks[] s_all =
        [new(0), Blocks(256, 1, 1), Blocks(512, 1, 1), CacheBlocks.Default, Blocks(2048, 1, 1), Blocks(1 << 20, 1, 1)];

    /// <summary>Kilobytes of a second-level cache, who shares it, threads, processors; then rows of one slice and slices.</summary>
    public static TheoryData<int, int?, int, int, int, int> Machines => new()
    {
        { 1024, 1, 2, 2, 384, 1 },
        { 1024, null, 2, 2, 384, 1 },
        { 1024, 2, 8, 16, 384, 1 },
        { 1024, 2, 16, 16, 192, 1 },
        { 1024, 2, 9, 16, 192, 1 },
        { 1280, 1, 1, 1, 384, 1 },
        { 2048, 2, 64, 128, 384, 2 },
        { 2048, 2, 128, 128, 384, 1 },
        { 2048, 16, 1, 1, 384, 2 },
        { 512, 1, 4, 4, 192, 1 },
        { 256, 1, 4, 4, 96, 1 },
        { 1, 1, 1, 1, 96, 1 },
        { 16 << 20, 1, 1, 1, 384, 4 },
    };

    [Theory]
    [MemberData(nameof(Machines))]
    public void Packed_slices_fill_five_eighths_of_a_workers_cache(
        int kilobytes, int? sharers, int threads, int processors, int rows, int slices)
    {
        var blocks = Blocks(kilobytes, threads, processors, sharers);
        Assert.Equal(rows, blocks.Rows(ManagedRow));
        Assert.Equal(slices, blocks.Slices(384, ManagedRow));
    }

    [Fact]
    public void One_megabyte_gives_the_blocks_that_were_measured_and_so_does_an_unknown_cache()
    {
        Assert.Equal(CacheBlocks.Default, Blocks(1024, 2, 2));
        Assert.Equal(CacheBlocks.Default, CacheBlocks.Of(MachineCaches.Unknown, 4, 4));
        var managed = new ManagedProducts();
        Assert.Equal(Panel.Depth, managed.Depth(384));
        Assert.Equal(4 * Panel.Depth, managed.Depth(96));
        Assert.Equal(new BlockLimits(12, 48, 96), managed.Blocks(511, WeightLayout.OutIn));
        Assert.Equal(new BlockLimits(12, 48, 384), managed.Blocks(512, WeightLayout.OutIn));
        Assert.Equal(new BlockLimits(64, 64, 192), managed.Blocks(511, WeightLayout.InOut));
        Assert.Equal(new BlockLimits(64, 64, 384), managed.Blocks(512, WeightLayout.InOut));
        using var kernel = PanelFunction.Reference(DotProductKernel.Create());
        var rounded = new BFloat16Products(kernel);
        Assert.Equal(new BlockLimits(12, 12, 96), rounded.Blocks(511, WeightLayout.OutIn));
        Assert.Equal(new BlockLimits(12, 12, 192), rounded.Blocks(512, WeightLayout.OutIn));
        Assert.Equal(new BlockLimits(64, 64, 192), rounded.Blocks(1, WeightLayout.InOut));
        using var splitKernel = PanelFunction.Reference(TileKernel.Create(split: true));
        var split = new BFloat16Products(splitKernel);
        Assert.Equal(new BlockLimits(32, 32, 96), split.Blocks(2048, WeightLayout.OutIn));
        Assert.Equal(new BlockLimits(64, 64, 64), split.Blocks(2048, WeightLayout.InOut));
    }

    [Fact]
    public void Blocks_are_whole_groups_of_every_kernel()
    {
        foreach (var blocks in s_all)
        {
            Assert.Equal(0, blocks.Rows(ManagedRow) % 96);
            Assert.InRange(blocks.RowsInGroups(ManagedRow), NoiseField.Group, 384);
            Assert.Equal(0, blocks.RowsInGroups(ManagedRow) % NoiseField.Group);
        }
    }

    [Theory]
    [InlineData(401, 801, 530)]
    [InlineData(200, 385, 37)]
    public void Layers_have_the_same_bits_whatever_the_caches_are(int outputs, int inputs, int tokens)
    {
        foreach (var layout in (WeightLayout[])[WeightLayout.OutIn, WeightLayout.InOut])
        {
            float[][] expected = Layer(new ManagedProducts(), layout, outputs, inputs, tokens);
            Assert.All(s_all, blocks => Assert.Equal(expected, Layer(new ManagedProducts(blocks), layout, outputs, inputs, tokens)));
        }
    }

    [Theory]
    [InlineData("dot product")]
    [InlineData("split tiles")]
    public void Layers_in_bfloat16_have_the_same_bits_whatever_the_caches_are(string kernel)
    {
        using var function = PanelFunction.Reference(PanelKernelTests.Kernel(kernel));
        foreach (var layout in (WeightLayout[])[WeightLayout.OutIn, WeightLayout.InOut])
        {
            float[][] expected = Layer(new BFloat16Products(function), layout, 201, 97, 515);
            Assert.All(s_all, blocks => Assert.Equal(expected, Layer(new BFloat16Products(function, blocks), layout, 201, 97, 515)));
        }
    }

    [Fact]
    public void Steps_of_a_model_leave_the_same_weights_whatever_the_caches_are()
    {
        string[] hashes = [.. s_all.Select(Train)];
        Assert.All(hashes, hash => Assert.Equal(hashes[0], hash));
    }

    private static CacheBlocks Blocks(int kilobytes, int threads, int processors, int? sharers = 1) =>
        CacheBlocks.Of(new MachineCaches([new CacheLevel(2, (long)kilobytes << 10, 64, sharers)], null, "test"), threads, processors);

    private static string Train(CacheBlocks blocks)
    {
        using var folder = new SyntheticFolder("opt-tiny");
        using var model = TrainableModel.Load(new TrainingOptions { Model = folder.Path });
        using var backend = new CpuBackend(2, new ManagedProducts(blocks));
        using var optimizer = OptimizerCatalog.Find("mezo").Create(new OptimizerSettings(model.Parameters) { Seed = 1 });
        var oracle = new BenchmarkOracle(model, backend, 9, 60);
        for (int step = 1; step <= 2; step++)
        {
            optimizer.Apply(optimizer.Decide(step, oracle, 1e-3), backend);
        }

        return model.Parameters.Sha256();
    }

    // A layer and an output head at both probes of a direction.
    private static float[][] Layer(ProductEngine products, WeightLayout layout, int outputs, int inputs, int tokens)
    {
        using var backend = new CpuBackend(2, products);
        using var memory = new NativeBuffer((((long)outputs + tokens) * inputs * sizeof(float)) + 64);
        var random = new Random(1);
        foreach (ref float number in new Span<float>(memory.Data, (outputs + tokens) * inputs))
        {
            number = random.NextSingle() - 0.5f;
        }

        bool isRows = layout == WeightLayout.OutIn;
        var weight = new Parameter("weight", isRows ? [outputs, inputs] : [inputs, outputs], DType.F32, memory.Data);
        var table = new Parameter("table", [tokens, inputs], DType.F32, (float*)memory.Data + ((long)outputs * inputs));
        Probe[] probes = [Probe.Pair(new GaussianDirection(new NoiseKey(3, NoiseStream.Direction, 7, 0)), 1e-2)];
        var builder = new TokenBatchBuilder();
        builder.AddText(new int[tokens]);
        var pass = backend.Begin(builder.Build(), probes);
        var x = pass.Rent(inputs);
        var y = pass.Rent(outputs);
        pass.Embed(table, [.. Enumerable.Range(0, tokens)], x);
        pass.Linear(x, weight, null, y, layout: layout);
        var results = ProbePoints.Each(probes).Select((_, probe) =>
        {
            float[] result = new float[tokens * outputs];
            pass.Read(y, probe, result);
            Assert.All(result, number => Assert.True(float.IsFinite(number)));
            return result;
        });
        double[][] head = isRows ? pass.LogProbabilities(x, new OutputHead(weight), [(0, 1), (tokens - 1, outputs - 1)]) : [];
        return [.. results, .. head.Select(p => p.Select(number => (float)number).ToArray())];
    }
}
