using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Backends.Cpu.Emitted;
using IlZo.Core.Tests.Models;
using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Backends;

/// <summary>An activation is packed for products once, and again when it has been written.</summary>
public sealed unsafe class PackedActivationTests : IDisposable
{
    private const int Tokens = 45;
    private const int Panels = 2;
    private const int Size = 24;

    private static readonly int[] s_rows = [.. Enumerable.Range(0, Tokens)];

    private readonly PanelFunction _kernel = PanelFunction.Reference(TileKernel.Create(split: true));
    private readonly CountingProducts _products;
    private readonly CpuBackend _backend;
    private IPass _pass = null!;
    private readonly NativeBuffer _memory = new(((2 * Size * Size) + (Tokens * Size) + Size) * sizeof(float));
    private readonly Parameter _weight;
    private readonly Parameter _table;
    private readonly Parameter _norm;

    public PackedActivationTests()
    {
        _products = new CountingProducts(new BFloat16Products(_kernel));
        _backend = new CpuBackend(2, _products);
        float* values = (float*)_memory.Data;
        var random = new Random(3);
        for (int i = 0; i < _memory.ByteCount / sizeof(float); i++)
        {
            values[i] = random.NextSingle() - 0.5f;
        }

        _weight = new Parameter("weight", [Size, Size], DType.F32, values);
        _table = new Parameter("table", [Tokens, Size], DType.F32, values + (Size * Size));
        _norm = new Parameter("norm", [Size], DType.F32, values + (Size * Size) + (Tokens * Size));
    }

    public static TheoryData<string> Writers =>
        ["embed", "embed more", "layer norm", "RMS norm", "add", "apply", "multiply", "scale", "rotate", "attention", "slice"];

    // The inputs of a block's layers: the norm's result (for queries, keys and values), attention's, the second norm's (for a gate and what
    // it gates too) and what the MLP's last layer reads. Embeddings of another width are projected before the first block and after the
    // last.
    [Theory]
    [InlineData("opt-tiny", 1)]
    [InlineData("opt-tiny", 2)]
    [InlineData("opt-350m-style", 2)]
    [InlineData("llama-gqa", 1)]
    [InlineData("llama-gqa", 2)]
    [InlineData("gpt2-tiny", 2)]
    public void Every_input_of_a_layer_is_packed_once(string folder, int probes)
    {
        using var fixture = new ForwardFixture(folder, new CpuBackend(2, _products));
        var z = new GaussianDirection(new NoiseKey(1, NoiseStream.Direction, 1, 0));
        var batch = ForwardFixture.Batch(s_rows);
        var pass = fixture.Backend.Begin(batch, probes == 1 ? [Probe.Unperturbed] : [Probe.Pair(z, 1e-3)]);
        fixture.Model.Forward(pass);
        int projections = folder == "opt-350m-style" ? 2 : 0;
        Assert.Equal(((4 * fixture.Model.Shape.Layers) + projections) * Panels * probes, _products.TakePanels());
    }

    [Fact]
    public void What_is_equal_for_all_probes_is_packed_for_one()
    {
        var z = new GaussianDirection(new NoiseKey(1, NoiseStream.Direction, 1, 0));
        Probe[] probes = [Probe.Pair(z, 1e-2)];
        Begin(probes);
        var x = Embedded();
        var y = _pass.Rent(Size);
        _pass.Linear(x, _weight, null, y);
        Assert.Equal(2 * Panels, _products.TakePanels());

        // Now x is there once, and packed where the first probe's was.
        _table.Index = -1;
        _pass.Embed(_table, s_rows, x);
        _pass.Linear(x, _weight, null, y);
        float[][] first = [Read(y, 0), Read(y, 1)];
        _pass.Linear(x, _weight, null, y);
        Assert.Equal(Panels, _products.TakePanels());
        Assert.Equal(first, [Read(y, 0), Read(y, 1)]);
        Begin(probes);
        y = _pass.Rent(Size);
        _pass.Linear(Embedded(), _weight, null, y);
        Assert.Equal([Read(y, 0), Read(y, 1)], first);
        Assert.NotEqual(first[0], first[1]);
    }

    [Theory]
    [MemberData(nameof(Writers))]
    public void What_has_been_written_is_packed_again(string writer)
    {
        float[] expected = ProductAfter(writer, packsBefore: false);
        Assert.Equal(Panels, _products.TakePanels());
        float[] actual = ProductAfter(writer, packsBefore: true);
        Assert.Equal(2 * Panels, _products.TakePanels());
        Assert.Equal(expected, actual);
    }

    [Fact]
    public void A_slice_is_packed_again_when_the_whole_has_been_written()
    {
        Begin(Probe.Unperturbed);
        var whole = _pass.Rent(2 * Size);
        var slice = _pass.Slice(whole, Size, Size);
        var y = _pass.Rent(Size);
        _pass.Embed(_table, s_rows, slice);
        _pass.Linear(slice, _weight, null, y);
        float[] once = Read(y, 0);
        _pass.Scale(whole, 2);
        _pass.Linear(slice, _weight, null, y);
        Assert.Equal(once.Select(v => 2 * v), Read(y, 0));
    }

    [Fact]
    public void The_next_activation_in_the_same_memory_is_packed_for_itself()
    {
        Begin(Probe.Unperturbed);
        var y = _pass.Rent(Size);
        var x = Embedded();
        _pass.Linear(x, _weight, null, y);
        float[] once = Read(y, 0);
        _pass.Return(x);
        var next = Embedded();
        _pass.Scale(next, 4);
        _pass.Linear(next, _weight, null, y);
        Assert.Equal(once.Select(v => 4 * v), Read(y, 0));
    }

    [Fact]
    public void The_next_pass_packs_its_own()
    {
        float[][] results = [.. ((int[])[1, 8]).Select(factor =>
        {
            // Both passes write once what they multiply.
            Begin(Probe.Unperturbed);
            ((float*)_table.Data)[0] *= factor;
            var y = _pass.Rent(Size);
            _pass.Linear(Embedded(), _weight, null, y);
            return Read(y, 0);
        })];
        Assert.NotEqual(results[0][..Size], results[1][..Size]);
        Assert.Equal(results[0][Size..], results[1][Size..]);
    }

    public void Dispose()
    {
        _backend.Dispose();
        _kernel.Dispose();
        _memory.Dispose();
    }

    private void Begin(params Probe[] probes) => _pass = _backend.Begin(ForwardFixture.Batch(s_rows), probes);

    private Activation Embedded()
    {
        var x = _pass.Rent(Size);
        _pass.Embed(_table, s_rows, x);
        return x;
    }

    private float[] Read(Activation x, int probe)
    {
        float[] values = new float[Tokens * x.Features];
        _pass.Read(x, probe, values);
        return values;
    }

    // W x after x has been written, with or without a product of its values before.
    private float[] ProductAfter(string writer, bool packsBefore)
    {
        Begin(Probe.Unperturbed);
        var (x, other, y) = (Embedded(), Embedded(), _pass.Rent(Size));
        if (packsBefore)
        {
            _pass.Linear(x, _weight, null, y);
        }

        Write(writer, x, other);
        _pass.Linear(x, _weight, null, y);
        return Read(y, 0);
    }

    private void Write(string writer, Activation x, Activation other)
    {
        switch (writer)
        {
            case "embed":
                _pass.Embed(_table, [.. s_rows.Reverse()], x);
                break;
            case "embed more":
                _pass.Embed(_table, s_rows, x, accumulate: true);
                break;
            case "layer norm":
                _pass.LayerNorm(x, _norm, null, 1e-5f, x);
                break;
            case "RMS norm":
                _pass.RmsNorm(x, _norm, 1e-5f, x);
                break;
            case "add":
                _pass.Add(x, other);
                break;
            case "apply":
                _pass.Apply(ActivationFunction.Silu, x);
                break;
            case "multiply":
                _pass.Multiply(x, other);
                break;
            case "scale":
                _pass.Scale(x, 3);
                break;
            case "rotate":
                _pass.Rotate(x, 2, new EqualFrequencies());
                break;
            case "attention":
                _pass.Attention(other, other, other, x, new AttentionShape(2, 2, Size / 2, 0.3f), 0);
                break;
            default:
                _pass.Scale(_pass.Slice(x, 3, 5), 2);
                break;
        }
    }

    private sealed class EqualFrequencies : IRotaryFrequencies
    {
        public int Pairs => Size / 4;

        public float AttentionFactor => 1;

        public IReadOnlyList<float> ForLength(int textLength) => [.. Enumerable.Repeat(0.1f, Size / 4)];
    }
}
