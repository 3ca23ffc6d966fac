using IlZo.Arithmetic;
using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Benchmarks;
using IlZo.Perturbations;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Backends;

/// <summary>Linear layers and tables whose weights are in blocks against the same numbers in fp32: every bit is the same.</summary>
public sealed unsafe class BlockedWeightTests : IDisposable
{
    private readonly List<IDisposable> _memory = [];

    public static TheoryData<DType> Types => [DType.Q8_0, DType.Q4_0, DType.Q4_K, DType.Q6_K, DType.NF4, DType.Q4_Z];

    [Theory]
    [MemberData(nameof(Types))]
    public void Products_have_the_bits_of_widened_weights(DType type)
    {
        using var backend = new CpuBackend(2);
        foreach (var layout in Enum.GetValues<WeightLayout>())
        {
            foreach (int tokens in (int[])[1, 5, 40, 100])
            {
                var blocked = Blocked(type, 70, 768);
                Assert.Equal(Product(backend, Widened(blocked), layout, tokens), Product(backend, blocked, layout, tokens));
            }
        }
    }

    // A token of a text that goes on, and one of each of several texts.
    [Theory]
    [MemberData(nameof(Types))]
    public void Generation_has_the_bits_of_widened_weights(DType type)
    {
        using var backend = new CpuBackend(2);
        foreach (var layout in Enum.GetValues<WeightLayout>())
        {
            var blocked = Blocked(type, 70, type.Layout().BlockElements * 5);
            foreach (int texts in (int[])[1, 3])
            {
                Assert.Equal(
                    Product(backend, Widened(blocked), layout, texts, isContinued: true),
                    Product(backend, blocked, layout, texts, isContinued: true));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Rows_of_a_table_are_those_of_the_widened_one(DType type)
    {
        using var backend = new CpuBackend(1);
        var blocked = Blocked(type, 9, 512);
        float[] Looked(Parameter table)
        {
            var pass = backend.Begin(Batch(4), [Probe.Unperturbed]);
            var y = pass.Rent(table.Columns);
            pass.Embed(table, [8, 0, 3, 8], y);
            float[] read = new float[4 * table.Columns];
            pass.Read(y, 0, read);
            return read;
        }

        Assert.Equal(Looked(Widened(blocked)), Looked(blocked));
        Assert.Contains(Looked(blocked), x => x != 0);
    }

    [Fact]
    public void They_are_never_trained_and_have_no_address_an_element()
    {
        var blocked = Blocked(DType.Q8_0, 2, 64);
        using var set = new ParameterSet([blocked, Floats("bias", 1, 4)], []);
        Assert.Equal(["bias"], set.Trained.Select(p => p.Name));
        set.Train(_ => true);
        Assert.False(blocked.IsTrained);
        Assert.Throws<InvalidOperationException>(() => (nint)blocked.At(0, 1));
        Assert.Equal(2 * 68, blocked.ByteCount);
    }

    [Fact]
    public void Rows_that_are_no_whole_number_of_blocks_are_refused()
    {
        byte* nothing = null;
        string message = Assert.Throws<InvalidInputException>(() => new Parameter("w", [2, 48], DType.Q8_0, nothing)).Message;
        Assert.Equal("Tensor 'w' has rows of 48 elements in blocks of q8_0; a multiple of 32 was expected.", message);
    }

    public void Dispose() => _memory.ForEach(m => m.Dispose());

    private float[] Product(CpuBackend backend, Parameter weight, WeightLayout layout, int tokens, bool isContinued = false)
    {
        var (outputs, inputs) = layout == WeightLayout.OutIn ? (weight.Rows, weight.Columns) : (weight.Columns, weight.Rows);
        using var cache = isContinued ? backend.CreateCache(1, 1, 1, tokens) : null;
        var pass = backend.Begin(isContinued ? Texts(tokens) : Batch(tokens), [Probe.Unperturbed], cache);
        var x = pass.Rent(inputs);
        var y = pass.Rent(outputs);
        pass.Embed(Floats("x", tokens, inputs), [.. Enumerable.Range(0, tokens)], x);
        pass.Linear(x, weight, null, y, layout: layout);
        float[] read = new float[tokens * outputs];
        pass.Read(y, 0, read);
        Assert.Contains(read, v => v != 0);
        Assert.DoesNotContain(read, float.IsNaN);
        return read;
    }

    private static TokenBatch Batch(int tokens)
    {
        var builder = new TokenBatchBuilder();
        builder.AddText(new int[tokens]);
        return builder.Build();
    }

    private static TokenBatch Texts(int texts)
    {
        var builder = new TokenBatchBuilder();
        for (int i = 0; i < texts; i++)
        {
            builder.AddCached(i, [0], 0);
        }

        return builder.Build();
    }

    private Parameter Blocked(DType type, int rows, int columns)
    {
        var buffer = new NativeBuffer(rows * type.Layout().Bytes(columns));
        _memory.Add(buffer);
        RandomBlocks.Fill(type, new Span<byte>(buffer.Data, (int)buffer.ByteCount), 7);
        return new Parameter("w", [rows, columns], type, buffer.Data);
    }

    private Parameter Widened(Parameter blocked)
    {
        var wide = Floats(blocked.Name, blocked.Rows, blocked.Columns);
        for (int row = 0; row < wide.Rows; row++)
        {
            Widening.Read(blocked, row, 0, (float*)wide.At(row, 0), wide.Columns);
        }

        return wide;
    }

    private Parameter Floats(string name, int rows, int columns)
    {
        var buffer = new NativeBuffer((long)rows * columns * sizeof(float));
        _memory.Add(buffer);
        var random = new Random(name.Length);
        for (long i = 0; i < (long)rows * columns; i++)
        {
            ((float*)buffer.Data)[i] = (float)(random.NextDouble() - 0.5);
        }

        return new Parameter(name, [rows, columns], DType.F32, buffer.Data);
    }
}
