using IlZo.Backends.Cpu;
using IlZo.Backends.Cpu.Emitted;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Backends.Emitted;

public sealed unsafe class BFloat16PackingTests
{
    [Fact]
    public void A_turned_block_has_rows_for_columns()
    {
        uint[] source = [.. Enumerable.Range(0, 8 * 16).Select(i => (uint)i)];
        uint[] rows = new uint[64];
        fixed (uint* from = source)
        fixed (uint* to = rows)
        {
            PairTransposition.Turn(from, 16, to);
        }

        Assert.Equal(Enumerable.Range(0, 64).Select(i => (uint)((i % 8 * 16) + (i / 8))), rows);
    }

    [Theory]
    [InlineData(false, 5, 3)]
    [InlineData(false, 64, 96)]
    [InlineData(true, 1, 1)]
    [InlineData(true, 33, 40)]
    [InlineData(true, 192, 13)]
    public void Columns_are_packed_as_the_rows_that_they_cross(bool split, int columns, int rows)
    {
        var layout = new BFloat16Layout(split);
        int stride = (rows + 15) / 16 * 16;
        int padded = (columns + 15) / 16 * 16;
        using var source = new NativeBuffer((long)columns * stride * sizeof(float));
        using var row = new NativeBuffer(padded * sizeof(float));
        using var expected = new NativeBuffer((long)rows * layout.RowBytes);
        using var actual = new NativeBuffer((long)rows * layout.RowBytes);
        var random = new Random(columns);
        float* x = (float*)source.Data;
        for (int i = 0; i < columns * stride; i++)
        {
            x[i] = random.NextSingle() - 0.5f;
        }

        for (int r = 0; r < rows; r++)
        {
            for (int c = 0; c < columns; c++)
            {
                ((float*)row.Data)[c] = x[(c * stride) + r];
            }

            BFloat16Packing.PackRow(layout, (float*)row.Data, padded, (byte*)expected.Data + ((long)r * layout.RowBytes));
        }

        BFloat16Packing.PackColumns(layout, x, stride, columns, rows, (byte*)actual.Data);
        Assert.True(Bytes(expected).SequenceEqual(Bytes(actual)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Exponentials_are_packed_and_added_up(bool split)
    {
        const int keys = 35;
        var layout = new BFloat16Layout(split);
        using var scores = new NativeBuffer(keys * Panel.Lanes * sizeof(float));
        using var queries = new NativeBuffer(2 * Panel.Lanes * sizeof(float));
        using var expected = new NativeBuffer(layout.PanelBytes(keys));
        using var actual = new NativeBuffer(layout.PanelBytes(keys));
        float* x = (float*)scores.Data;
        float* largest = (float*)queries.Data;
        float* sums = largest + Panel.Lanes;
        var random = new Random(1);
        for (int lane = 0; lane < Panel.Lanes; lane++)
        {
            for (int key = 0; key < keys; key++)
            {
                x[(key * Panel.Lanes) + lane] = key > lane ? float.NegativeInfinity : random.NextSingle() * -5;
            }

            largest[lane] = lane - 2;
            sums[lane] = 0.25f;
        }

        BFloat16Packing.PackExponentials(layout, x, largest, keys, sums, (byte*)actual.Data);
        for (int lane = 0; lane < Panel.Lanes; lane++)
        {
            double sum = 0.25;
            for (int i = lane; i < keys * Panel.Lanes; i += Panel.Lanes)
            {
                x[i] = MathF.Exp(x[i] - largest[lane]);
                sum += x[i];
            }

            Near.Equal(1, sums[lane] / sum, 1e-6);
        }

        // Rounded to as many bits as there are halves; a number between two of them may go to either.
        BFloat16Packing.PackPanel(layout, x, keys, (byte*)expected.Data);
        for (int i = 0; i < expected.ByteCount / layout.PairBytes; i++)
        {
            for (int j = 0; j < 2 * Panel.Lanes; j++)
            {
                Near.Equal(Value(expected, i, j), Value(actual, i, j), Value(expected, i, j) * (split ? 4e-6 : 4e-3));
            }
        }

        double Value(NativeBuffer panel, int pair, int index)
        {
            byte* high = (byte*)panel.Data + ((long)pair * layout.PairBytes) + (index * sizeof(ushort));
            return BFloat16Packing.Widen(*(ushort*)high) + (split
                ? BFloat16Packing.Widen(*(ushort*)(high + BFloat16Layout.LowPairOffset))
                : 0.0);
        }
    }

    private static Span<byte> Bytes(NativeBuffer buffer) => new(buffer.Data, (int)buffer.ByteCount);
}
