using IlZo.Kernels;

namespace IlZo.Gpu.Tests.Ptx;

/// <summary>The kernels that peaks are measured with are made of what the peak is of, and of little else.</summary>
public class PeakPtxTests
{
    // Moves from register to register are the assembler's to leave out. The level that kernels are compiled at computes some integers in the loop.
    [Fact]
    public void The_loop_of_multiply_adds_has_all_of_a_round_a_count_and_branches()
    {
        var loop = PtxText.Of(Peaks.MultiplyAdd).InnermostLoop("fma.rn.f32");
        Assert.Equal(Peaks.MultiplyAddsOfRound, PtxText.CountIn(loop, "fma.rn.f32"));
        Assert.InRange(PtxText.CountAll(loop) - PtxText.CountIn(loop, "mov."), Peaks.MultiplyAddsOfRound, Peaks.MultiplyAddsOfRound + 16);
    }

    [Fact]
    public void The_loop_of_reads_has_four_reads_of_16_bytes_and_no_other()
    {
        var loop = PtxText.Of(Peaks.Read).InnermostLoop("ld.v4");
        Assert.Equal(4, PtxText.CountIn(loop, "ld.v4"));
        Assert.Equal(4, PtxText.CountIn(loop, "ld."));
    }
}
