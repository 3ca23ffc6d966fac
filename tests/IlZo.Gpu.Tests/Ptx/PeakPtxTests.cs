using IlZo.Kernels;

namespace IlZo.Gpu.Tests.Ptx;

/// <summary>The kernels that peaks are measured with are made of what the peak is of, and of little else.</summary>
public class PeakPtxTests
{
    // Moves from register to register are the assembler's to leave out. The level that kernels are compiled at computes some integers in
    // the loop.
    [Fact]
    public void The_loop_of_multiply_adds_has_all_of_a_round_a_count_and_branches()
    {
        var loop = PtxText.Of(Peaks.MultiplyAdd).InnermostLoop("fma.rn.f32");
        Assert.Equal(Peaks.MultiplyAddsOfRound, PtxText.CountIn(loop, "fma.rn.f32"));
        Assert.InRange(PtxText.CountAll(loop) - PtxText.CountIn(loop, "mov."), Peaks.MultiplyAddsOfRound, Peaks.MultiplyAddsOfRound + 16);
    }

    // What follows the loop, which adds up the chains, lies between its parts in the text.
    [Fact]
    public void The_loop_of_products_on_tensor_cores_has_all_of_a_round_a_count_and_branches()
    {
        var loop = PtxText.Of(Peaks.TensorMultiplyAdd).InnermostLoop("mma.sync");
        Assert.Equal(Peaks.TensorProductsOfRound, PtxText.CountIn(loop, "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32"));
        int others = PtxText.CountAll(loop) - PtxText.CountIn(loop, "mov.") - PtxText.CountIn(loop, "add.f32");
        Assert.InRange(others, Peaks.TensorProductsOfRound, Peaks.TensorProductsOfRound + 8);
    }

    [Fact]
    public void The_loop_of_reads_has_four_reads_of_16_bytes_and_no_other()
    {
        var loop = PtxText.Of(Peaks.Read).InnermostLoop("ld.v4");
        Assert.Equal(4, PtxText.CountIn(loop, "ld.v4"));
        Assert.Equal(4, PtxText.CountIn(loop, "ld."));
    }
}
