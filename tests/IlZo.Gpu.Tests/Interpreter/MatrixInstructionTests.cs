using System.Runtime.InteropServices;
using IlZo.Ptx;

namespace IlZo.Gpu.Tests.Interpreter;

/// <summary>Fragments of tensor cores, from the layouts that the PTX ISA draws.</summary>
public class MatrixInstructionTests
{
    [Theory]
    [InlineData("f16")]
    [InlineData("bf16")]
    public void Mma_multiplies_matrices_of_integers_exactly(string type)
    {
        static int A(int row, int k) => ((row * 5) + (k * 3)) % 17 - 8;
        static int B(int k, int column) => ((k * 7) + (column * 2)) % 13 - 6;
        static int C(int row, int column) => (row * 100) + column;
        ulong Half(float value) =>
            type == "f16" ? BitConverter.HalfToUInt16Bits((Half)value) : BitConverter.SingleToUInt32Bits(value) >> 16;
        ulong PairOfA(int lane, int row, int k) =>
            Half(A((lane / 4) + row, (2 * (lane % 4)) + k)) | (Half(A((lane / 4) + row, (2 * (lane % 4)) + k + 1)) << 16);
        ulong PairOfB(int lane, int k) => Half(B((2 * (lane % 4)) + k, lane / 4)) | (Half(B((2 * (lane % 4)) + k + 1, lane / 4)) << 16);
        ulong OfC(int lane, int row, int column) => PtxRig.Bits(C((lane / 4) + row, (2 * (lane % 4)) + column));
        var results = new PtxRig().Run(
            $"mma.sync.aligned.m16n8k16.row.col.f32.{type}.{type}.f32 {{c0, c1, c2, c3}}, {{a0, a1, a2, a3}}, {{b0, b1}}, {{c0, c1, c2, "
                + $"c3}};",
            PtxWarp.AllLanes,
            ("c0", PtxType.F32, l => OfC(l, 0, 0)),
            ("c1", PtxType.F32, l => OfC(l, 0, 1)),
            ("c2", PtxType.F32, l => OfC(l, 8, 0)),
            ("c3", PtxType.F32, l => OfC(l, 8, 1)),
            ("a0", PtxType.B32, l => PairOfA(l, 0, 0)),
            ("a1", PtxType.B32, l => PairOfA(l, 8, 0)),
            ("a2", PtxType.B32, l => PairOfA(l, 0, 8)),
            ("a3", PtxType.B32, l => PairOfA(l, 8, 8)),
            ("b0", PtxType.B32, l => PairOfB(l, 0)),
            ("b1", PtxType.B32, l => PairOfB(l, 8)));
        for (int lane = 0; lane < 32; lane++)
        {
            for (int i = 0; i < 4; i++)
            {
                int row = (lane / 4) + (8 * (i / 2));
                int column = (2 * (lane % 4)) + (i % 2);
                int expected = C(row, column) + Enumerable.Range(0, 16).Sum(k => A(row, k) * B(k, column));
                Assert.Equal(expected, PtxRig.Single(results[i][lane]));
            }
        }
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(4, false)]
    [InlineData(1, true)]
    [InlineData(2, true)]
    [InlineData(4, true)]
    public void Ldmatrix_gives_each_lane_its_two_elements_of_each_matrix(int count, bool isTransposed)
    {
        var rig = new PtxRig();
        var elements = MemoryMarshal.Cast<byte, ushort>(rig.SharedBytes);
        for (int i = 0; i < 512; i++)
        {
            elements[i] = (ushort)i;
        }

        // Matrices of eight columns beside each other, rows of 64 bytes.
        string registers = string.Join(", ", Enumerable.Range(0, count).Select(i => $"d{i}"));
        var results = rig.Run(
            $"ldmatrix.sync.aligned.m8n8.x{count}{(isTransposed ? ".trans" : string.Empty)}.shared.b16 {{{registers}}}, [a];",
            PtxWarp.AllLanes,
            [.. Enumerable.Range(0, count).Select(i =>
                ($"d{i}", PtxType.B32, (Func<int, ulong>)(_ => 0))), ("a", PtxType.U32, l => (ulong)(1024 + (l % 8 * 64) + (l / 8 * 16)))]);
        for (int i = 0; i < count; i++)
        {
            for (int lane = 0; lane < 32; lane++)
            {
                int Element(int row, int column) => (row * 32) + (i * 8) + column;
                int pair = 2 * (lane % 4);
                int low = isTransposed ? Element(pair, lane / 4) : Element(lane / 4, pair);
                int high = isTransposed ? Element(pair + 1, lane / 4) : Element(lane / 4, pair + 1);
                Assert.Equal((ulong)(low | (high << 16)), results[i][lane]);
            }
        }
    }

    [Theory]
    [InlineData("ldmatrix.sync.aligned.m8n8.x1.shared.b16 {d}, [a];")]
    [InlineData("bar.warp.sync 0xFFFFFFFF;")]
    public void An_instruction_of_the_warp_is_an_error_where_a_lane_is_missing(string text)
    {
        var error = Assert.Throws<PtxException>(
            () => new PtxRig().Run(text, 0x7FFFFFFF, ("d", PtxType.B32, _ => 0), ("a", PtxType.B32, _ => 1024)));
        Assert.Contains("31 of 32 threads", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_row_that_is_not_aligned_is_an_error()
    {
        var error = Assert.Throws<PtxException>(() => new PtxRig().Run(
            "ldmatrix.sync.aligned.m8n8.x1.shared.b16 {d}, [a];", PtxWarp.AllLanes, ("d", PtxType.B32, _ => 0),
            ("a", PtxType.B32, _ => 1032)));
        Assert.Contains("not a multiple of 16", error.Message, StringComparison.Ordinal);
    }
}
