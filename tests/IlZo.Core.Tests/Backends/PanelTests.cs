using IlZo.Backends.Cpu;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Backends;

/// <summary>Products of a panel against the sums that they are: fused multiply-adds in the order of the depth.</summary>
public sealed unsafe class PanelTests
{
    private const int Depth = 37;

    public static TheoryData<int, int> Sizes()
    {
        var data = new TheoryData<int, int>();
        foreach (int rows in new[] { 1, 6, 11, 12, 25 })
        {
            foreach (int lanes in new[] { 1, 8, 9, 16, 17, 31, 32 })
            {
                data.Add(rows, lanes);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Rows_of_weights_give_the_sums_of_every_lane_asked_for(int rows, int lanes)
    {
        using var weights = Random((long)Panel.Padded(rows) * Panel.Stride, seed: 1);
        float* w = (float*)weights.Data;
        Check(rows, lanes, (x, y) => Panel.Multiply(w, rows, (float*)x, lanes, (float*)y, Depth), (row, k) => w[(row * Panel.Stride) + k]);
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Columns_of_weights_give_the_sums_of_every_lane_asked_for(int rows, int lanes)
    {
        int stride = Panel.Padded(rows) + 3;
        using var weights = Random((long)Depth * stride, seed: 2);
        float* w = (float*)weights.Data;
        Check(
            rows,
            lanes,
            (x, y) => Panel.MultiplyTransposed(w, stride, rows, (float*)x, lanes, (float*)y, Depth),
            (row, k) => w[(k * stride) + row]);
    }

    private static void Check(int rows, int lanes, Action<nint, nint> multiply, Func<int, int, float> weight)
    {
        using var tokens = Random(Depth * Panel.Lanes, seed: 3);
        using var before = Random((rows + 1) * Panel.Lanes, seed: 4);
        using var after = Random((rows + 1) * Panel.Lanes, seed: 4);
        float* x = (float*)tokens.Data;
        float* start = (float*)before.Data;
        float* y = (float*)after.Data;
        multiply((nint)x, (nint)y);
        for (int row = 0; row <= rows; row++)
        {
            for (int lane = 0; lane < lanes; lane++)
            {
                float sum = start[(row * Panel.Lanes) + lane];
                for (int k = 0; k < Depth && row < rows; k++)
                {
                    sum = float.FusedMultiplyAdd(weight(row, k), x[(k * Panel.Lanes) + lane], sum);
                }

                Assert.Equal(BitConverter.SingleToInt32Bits(sum), BitConverter.SingleToInt32Bits(y[(row * Panel.Lanes) + lane]));
            }
        }
    }

    private static NativeBuffer Random(long count, int seed)
    {
        var buffer = new NativeBuffer(count * sizeof(float));
        var random = new Random(seed);
        for (long i = 0; i < count; i++)
        {
            ((float*)buffer.Data)[i] = random.NextSingle() - 0.5f;
        }

        return buffer;
    }
}
