using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Perturbations;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Backends;

/// <summary>Operands that do not fit each other are refused before an address is computed from them.</summary>
public sealed unsafe class FitTests : IDisposable
{
    private const int Tokens = 3;

    private readonly CpuBackend _backend = new(1);
    private readonly NativeBuffer _memory = new(1 << 16);
    private readonly IPass _pass;

    public FitTests()
    {
        var builder = new TokenBatchBuilder();
        builder.AddText([0, 1, 2]);
        _pass = _backend.Begin(builder.Build(), [Probe.Unperturbed]);
    }

    public void Dispose()
    {
        _backend.Dispose();
        _memory.Dispose();
    }

    [Theory]
    [InlineData(3)]
    [InlineData(-1)]
    [InlineData(int.MinValue)]
    [InlineData(int.MaxValue)]
    public void A_row_that_a_table_does_not_have(int row) =>
        Refuses($"no row {row}", () => _pass.Embed(Table(3, 8), [0, row, 1], _pass.Rent(8)));

    [Fact]
    public void A_table_of_other_features() => Refuses("not 3 of 4", () => _pass.Embed(Table(3, 8), [0, 1, 2], _pass.Rent(4)));

    [Theory]
    [InlineData(41605, 41605, 103232)]
    [InlineData(2, 2, int.MaxValue)]
    [InlineData(65536, 65536, 65536)]
    [InlineData(0, 0, 0)]
    [InlineData(8, 3, 8)]
    [InlineData(-8, -8, -8)]
    public void Heads_that_are_not_the_features(int heads, int keyHeads, int size) => Refuses(
        "shape",
        () => _pass.Attention(
            _pass.Rent(64), _pass.Rent(64), _pass.Rent(64), _pass.Rent(64), new AttentionShape(heads, keyHeads, size, 1), 0));

    [Theory]
    [InlineData(3, 1)]
    [InlineData(0, 1)]
    [InlineData(2, 3)]
    [InlineData(2, 0)]
    [InlineData(2, int.MaxValue)]
    public void Rotations_of_other_heads(int heads, int pairs) =>
        Refuses("do not fit 8 features", () => _pass.Rotate(_pass.Rent(8), heads, new Frequencies(pairs)));

    [Fact]
    public void A_sum_of_other_features() => Refuses("do not fit", () => _pass.Add(_pass.Rent(8), _pass.Rent(4)));

    [Fact]
    public void A_prefix_of_other_features() => Refuses(
        "no prefix",
        () => _pass.Attention(
            _pass.Rent(8), _pass.Rent(8), _pass.Rent(8), _pass.Rent(8), new AttentionShape(2, 2, 4, 1), 0,
            new KeyValuePrefix(Table(2, 8), Table(2, 4))));

    [Fact]
    public void A_cache_without_room()
    {
        var builder = new TokenBatchBuilder();
        builder.AddText([0, 1, 2], firstPosition: 6);
        using var cache = _backend.CreateCache(1, 8, 8);
        var pass = _backend.Begin(builder.Build(), [Probe.Unperturbed], cache);
        Refuses("no room", () => pass.Attention(
            pass.Rent(8), pass.Rent(8), pass.Rent(8), pass.Rent(8), new AttentionShape(2, 2, 4, 1), 0));
    }

    [Theory]
    [InlineData(new[] { 0, 0 })]
    [InlineData(new[] { 1, 0 })]
    [InlineData(new[] { 1, 2 })]
    [InlineData(new[] { -1 })]
    public void Texts_that_are_not_one_of_each_slot_in_order(int[] slots)
    {
        var builder = new TokenBatchBuilder();
        foreach (int slot in slots)
        {
            builder.AddCached(slot, [0], 0);
        }

        using var cache = _backend.CreateCache(1, 8, 8, 2);
        Refuses("of the 2 texts", () => _backend.Begin(builder.Build(), [Probe.Unperturbed], cache));
    }

    [Fact]
    public void Two_probes_or_a_tree_of_texts_with_a_cache()
    {
        var builder = new TokenBatchBuilder();
        int parent = builder.AddText([0]);
        using var cache = _backend.CreateCache(1, 8, 8, 2);
        Refuses("one point", () => _backend.Begin(builder.Build(), [Probe.Unperturbed, Probe.Unperturbed], cache));
        builder.AddContinuation(parent, [1]);
        Refuses("of the 2 texts", () => _backend.Begin(builder.Build(), [Probe.Unperturbed], cache));
    }

    [Fact]
    public void A_norm_of_other_features() =>
        Refuses("no multiple", () => _pass.LayerNorm(_pass.Rent(8), Table(1, 3), null, 1e-5f, _pass.Rent(8)));

    [Fact]
    public void Targets_that_no_row_or_token_has()
    {
        var head = new OutputHead(Table(5, 8));
        Refuses("no logit 5", () => _pass.LogProbabilities(_pass.Rent(8), head, [(0, 5)]));
        Refuses("output 3", () => _pass.LogProbabilities(_pass.Rent(8), head, [(Tokens, 1)]));
        Refuses("not of 4", () => _pass.Logits(_pass.Rent(4), head, new float[5]));
    }

    [Fact]
    public void A_slice_beyond_the_features() => Refuses("no 2147483647 features", () => _pass.Slice(_pass.Rent(8), 1, int.MaxValue));

    [Fact]
    public void A_cache_whose_size_wraps() =>
        Assert.Throws<OverflowException>(() => _backend.CreateCache(int.MaxValue, int.MaxValue, int.MaxValue));

    private sealed class Frequencies(int pairs) : IRotaryFrequencies
    {
        public int Pairs => pairs;

        public float AttentionFactor => 1;

        public IReadOnlyList<float> ForLength(int textLength) =>
            throw new InvalidOperationException("Nothing is computed of what does not fit.");
    }

    private static void Refuses(string named, Action action) =>
        Assert.Contains(named, Assert.Throws<ArgumentException>(action).Message, StringComparison.OrdinalIgnoreCase);

    private Parameter Table(int rows, int columns) => new("table", rows == 1 ? [columns] : [rows, columns], DType.F32, _memory.Data);
}
