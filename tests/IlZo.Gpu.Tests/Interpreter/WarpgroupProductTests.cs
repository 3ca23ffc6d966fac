using IlZo.Ptx;

namespace IlZo.Gpu.Tests.Interpreter;

/// <summary>Hopper's products of four warps: what they compute.</summary>
public class WarpgroupProductTests
{
    public static TheoryData<string, int, int> Products => new(
        from type in (string[])["f16", "bf16"]
        from columns in (int[])[8, 64, 128]
        from swizzle in (int[])[0, 32, 64, 128]
        select (type, columns, swizzle));

    [Theory]
    [MemberData(nameof(Products))]
    public void A_product_is_the_sum_of_products(string type, int columns, int swizzle)
    {
        var rig = new WarpgroupRig(type, columns, swizzle);
        float[,] d = rig.Run(Whole(rig.Mma(0) + rig.Mma(16) + rig.Mma(32) + rig.Mma(48)), Initial);
        for (int row = 0; row < WarpgroupRig.Rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                double[] terms =
                [
                    Initial(row, column),
                    .. Enumerable.Range(0, WarpgroupRig.Inner).Select(k => (double)rig.Value(rig.A[row, k]) * rig.Value(rig.B[column, k])),
                ];

                // Each of the 64 additions rounds to 24 bits.
                double allowed = WarpgroupRig.Inner * Math.ScaleB(terms.Sum(Math.Abs), -24);
                Assert.InRange(d[row, column] - terms.Sum(), -allowed, allowed);
            }
        }
    }

    [Theory]
    [InlineData("f16", 64, 64)]
    [InlineData("bf16", 128, 128)]
    [InlineData("bf16", 256, 0)]
    public void A_product_has_the_bits_of_mma_sync(string type, int columns, int swizzle)
    {
        var rig = new WarpgroupRig(type, columns, swizzle);
        float[,] d = rig.Run(Whole(rig.Mma(0) + rig.Mma(16) + rig.Mma(32) + rig.Mma(48)), Initial);
        for (int row = 0; row < WarpgroupRig.Rows; row += 16)
        {
            for (int column = 0; column < columns; column += 8)
            {
                ulong[][] expected = MmaSync(rig, type, row, column);
                for (int lane = 0; lane < PtxWarp.Size; lane++)
                {
                    for (int i = 0; i < 4; i++)
                    {
                        float found = d[row + (lane / 4) + (i / 2 * 8), column + (lane % 4 * 2) + (i % 2)];
                        Assert.Equal(expected[i][lane], PtxRig.Bits(found));
                    }
                }
            }
        }
    }

    [Fact]
    public void Where_scale_d_is_false_nothing_is_added_to()
    {
        var rig = new WarpgroupRig("bf16", 64, 64);
        float[,] expected = rig.Run(Whole(rig.Mma(0) + rig.Mma(16)));
        Assert.Equal(expected, rig.Run(Whole(rig.Mma(0, adds: false) + rig.Mma(16)), (_, _) => float.NaN));
        Assert.NotEqual(expected, rig.Run(Whole(rig.Mma(0) + rig.Mma(16)), Initial));
    }

    [Theory]
    [InlineData("1, -1, 0, 0", -1)]
    [InlineData("-1, 1, 0, 0", -1)]
    [InlineData("-1, -1, 0, 0", 1)]
    public void Operands_can_be_negated(string rest, float sign)
    {
        var rig = new WarpgroupRig("f16", 8, 32);
        float[,] plain = rig.Run(Whole(rig.Mma(0)));
        float[,] negated = rig.Run(Whole(rig.Mma(0, rest: rest)));
        Assert.Equal(plain.Cast<float>().Select(x => sign * x), negated.Cast<float>());
    }

    // Core matrices of a row of eight may follow each other, or those of a column.
    [Theory]
    [InlineData(128, 256)]
    [InlineData(1024, 128)]
    public void Core_matrices_lie_where_the_offsets_say(int leading, int stride)
    {
        const int left = (int)PtxMemory.Base;
        const int right = left + 4096;
        var rig = new PtxRig(8192, 128);
        for (int i = 0; i < 16; i++)
        {
            // D[9, 3], of the second eight rows, is the sum of (i + 1) 2^-i, which has 20 bits and so is exact.
            Write(rig, left, 9, i, i + 1);
            Write(rig, right, 3, i, MathF.ScaleB(1, -i));
        }

        void Write(PtxRig rig, int start, int row, int k, float value)
        {
            int at = start - (int)PtxMemory.Base + (k / 8 * leading) + (row / 8 * stride) + (row % 8 * 16) + (k % 8 * sizeof(ushort));
            BitConverter.TryWriteBytes(rig.SharedBytes[at..], (Half)value);
        }

        var group = new WarpgroupRig("f16", 8, 0, warps: 0);
        ulong a = SharedLayout.Descriptor(left, leading, stride, 0);
        ulong b = SharedLayout.Descriptor(right, leading, stride, 0);
        ulong[][] results = rig.Run(
            Whole(group.MmaOf(a, b)), PtxWarp.AllLanes,
            [.. Enumerable.Range(0, 4).Select(i => ($"d{i}", PtxType.F32, (Func<int, ulong>)(_ => 0)))]);
        Assert.Equal(Enumerable.Range(0, 16).Sum(i => MathF.ScaleB(i + 1, -i)), PtxRig.Single(results[3][5]));
    }

    private static float Initial(int row, int column) => row - (column / 2f);

    private static string Whole(string products) => WarpgroupRig.Fence + products + WarpgroupRig.Commit + WarpgroupRig.Wait(0);

    // The fragments of 16 x 8 sums.
    private static ulong[][] MmaSync(WarpgroupRig rig, string type, int row, int column)
    {
        static ulong Pair(ushort[,] matrix, int row, int k) => matrix[row, k] | ((ulong)matrix[row, k + 1] << 16);
        ulong[][] sums = [.. Enumerable.Range(0, 4).Select(i => Enumerable.Range(0, PtxWarp.Size).Select(
            lane => PtxRig.Bits(Initial(row + (lane / 4) + (i / 2 * 8), column + (lane % 4 * 2) + (i % 2)))).ToArray())];
        for (int k = 0; k < WarpgroupRig.Inner; k += 16)
        {
            int first = k;
            ulong[][] before = sums;
            sums = new PtxRig().Run(
                $"mma.sync.aligned.m16n8k16.row.col.f32.{type}.{type}.f32 {{c0, c1, c2, c3}}, {{a0, a1, a2, a3}}, {{b0, b1}}, "
                    + "{c0, c1, c2, c3};",
                PtxWarp.AllLanes,
                [
                    .. Enumerable.Range(0, 4).Select(i => ($"c{i}", PtxType.F32, (Func<int, ulong>)(lane => before[i][lane]))),
                    .. Enumerable.Range(0, 4).Select(i => ($"a{i}", PtxType.B32, (Func<int, ulong>)(
                        lane => Pair(rig.A, row + (lane / 4) + (i % 2 * 8), first + (lane % 4 * 2) + (i / 2 * 8))))),
                    .. Enumerable.Range(0, 2).Select(i => ($"b{i}", PtxType.B32, (Func<int, ulong>)(
                        lane => Pair(rig.B, column + (lane / 4), first + (lane % 4 * 2) + (i * 8))))),
                ])[..4];
        }

        return sums;
    }
}
