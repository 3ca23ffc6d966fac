using IlZo.Ptx;

namespace IlZo.Gpu.Tests.Interpreter;

/// <summary>Hopper's products of four warps: what is in flight until it is waited for, and what must not be done meanwhile.</summary>
public class WarpgroupOrderTests
{
    private const string Fence = WarpgroupRig.Fence;
    private const string Commit = WarpgroupRig.Commit;

    private readonly WarpgroupRig _rig = new("f16", 8, 64);

    private static string WaitForAll => WarpgroupRig.Wait(0);

    private float[,] First => new WarpgroupRig("f16", 8, 64).Run(Fence + _rig.Mma(0) + Commit + WaitForAll);

    private float[,] Second => new WarpgroupRig("f16", 8, 64).Run(Fence + _rig.Mma(16) + Commit + WaitForAll);

    private float[,] Both => new WarpgroupRig("f16", 8, 64).Run(Fence + _rig.Mma(0) + _rig.Mma(16) + Commit + WaitForAll);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_has_not_been_waited_for_is_not_a_number(bool isCommitted)
    {
        _rig.Run(_rig.Declare("e") + Fence + _rig.Mma(0, sums: "e") + (isCommitted ? Commit : WaitForAll));
        AssertNaN(_rig.Run(_rig.Give("e")));
        Assert.Equal(First, _rig.Run((isCommitted ? string.Empty : Commit) + WaitForAll + _rig.Give("e")));
    }

    [Fact]
    public void A_wait_leaves_as_many_groups_as_it_says()
    {
        _rig.Run(
            _rig.Declare("e") + _rig.Declare("f") + Fence + _rig.Mma(0, sums: "e") + Commit + _rig.Mma(16, sums: "f") + Commit
                + WarpgroupRig.Wait(1));
        Assert.Equal(First, _rig.Run(_rig.Give("e")));
        AssertNaN(_rig.Run(_rig.Give("f")));
        Assert.Equal(Second, _rig.Run(WaitForAll + _rig.Give("f")));
    }

    [Fact]
    public void Registers_are_in_flight_until_the_last_product_on_them_has_ended()
    {
        _rig.Run(
            _rig.Declare("e") + Fence + _rig.Mma(0, sums: "e") + Commit + _rig.Mma(16, sums: "e") + Commit + WarpgroupRig.Wait(1));
        AssertNaN(_rig.Run(_rig.Give("e")));
        Assert.Equal(Both, _rig.Run(WaitForAll + _rig.Give("e")));
    }

    [Fact]
    public void Products_on_the_same_registers_need_one_fence() =>
        Assert.Equal(Both, _rig.Run(Fence + _rig.Mma(0) + Commit + WaitForAll + _rig.Mma(16) + Commit + WaitForAll));

    [Fact]
    public void Operands_are_read_at_the_wait_for_their_group()
    {
        _rig.Run(
            _rig.Declare("e") + _rig.Declare("f") + Fence + _rig.Mma(0, sums: "e") + Commit + _rig.Mma(16, sums: "f") + Commit
                + WarpgroupRig.Wait(1));
        _rig.Overwrite(new ushort[WarpgroupRig.Rows, WarpgroupRig.Inner]);
        Assert.Equal(First, _rig.Run(WaitForAll + _rig.Give("e")));
        Assert.Equal(new float[WarpgroupRig.Rows, 8], _rig.Run(_rig.Give("f")));
    }

    [Fact]
    public void Each_is_an_instruction()
    {
        _rig.Run(Fence + _rig.Mma(0) + Commit + WaitForAll);

        // The fifth sets the predicate.
        Assert.Equal(5, _rig.CountsOfFirst.Instructions);
    }

    [Fact]
    public void A_fence_must_come_first() => AssertError("No wgmma.fence comes before it.", _rig.Mma(0));

    [Fact]
    public void Registers_must_not_be_written_between_fence_and_product() =>
        AssertError("Its registers were written without a wgmma.fence", Fence + "mov.f32 d3, 0f3F800000;" + _rig.Mma(0));

    [Fact]
    public void Registers_must_not_be_written_after_a_product_without_a_fence() => AssertError(
        "Its registers were written without a wgmma.fence",
        Fence + _rig.Mma(0) + Commit + WaitForAll + "mov.f32 d3, 0f00000000;" + _rig.Mma(16));

    [Fact]
    public void Registers_in_flight_must_not_be_written()
    {
        AssertError($"Registers were written while '{_rig.Name}' was in flight", Fence + _rig.Mma(0) + "mov.f32 d3, 0f00000000;"
            + _rig.Mma(16));
        AssertError($"Registers were written while '{_rig.Name}' was in flight", Fence + _rig.Mma(0) + Commit
            + "mov.f32 d3, 0f00000000;" + WaitForAll);
    }

    [Fact]
    public void Products_in_flight_must_not_share_some_registers() => AssertError(
        "Some of its registers, but not the same", Fence + _rig.Mma(0)
            + _rig.Mma(16).Replace("{d0, d1, d2, d3}", "{d1, d0, d2, d3}", StringComparison.Ordinal));

    [Theory]
    [InlineData("1, 1, 1, 0", "only matrices that are not transposed are known")]
    [InlineData("1, 1, 0, 1", "only matrices that are not transposed are known")]
    [InlineData("2, 1, 0, 0", "matrices are scaled by 1 or -1")]
    [InlineData("1, 0, 0, 0", "matrices are scaled by 1 or -1")]
    [InlineData("1, 1", "8 operands were expected, 6 found")]
    public void Products_that_are_not_known_are_errors(string rest, string message) =>
        AssertError(message, Fence + _rig.Mma(0, rest: rest));

    [Theory]
    [InlineData("{d0, d1, d2, d3}", "{d0, d1, d2, d2}", "a register is written twice")]
    [InlineData("{d0, d1, d2, d3}", "{d0, d1, d2}", "operand 0 has 3 elements where 4 were expected")]
    [InlineData(" l, r, p,", " {d0, d1, d2, d3}, r, p,", "a register was expected")]
    [InlineData(" l, r, p,", " 64, r, p,", "a register was expected")]
    [InlineData(" l, r, p,", " l, r, 1,", "a register was expected")]
    [InlineData("mov.b64 l, ", "cvt.u64.u32 l, %laneid; add.u64 l, l, ", "The threads of a warp have different descriptors")]
    public void Operands_that_do_not_fit_are_errors(string operands, string others, string message)
    {
        string text = _rig.Mma(0).Replace(operands, others, StringComparison.Ordinal);
        AssertError(message, Fence + text);
    }

    // The fields of A: address, leading and stride offset in bytes, the mode of the swizzle, and other bits.
    [Theory]
    [InlineData(0, 0, 512, 2, 0, "are not in shared memory")]
    [InlineData(1024, 0, 16384, 2, 0, "are not in shared memory")]
    [InlineData(41984, 0, 512, 2, 0, "are not in shared memory")]
    [InlineData(1024, 65536, 128, 0, 0, "are not in shared memory")]
    [InlineData(1024, 0, 512, 2, 1ul << 49, "has a base offset, only 0 is known")]
    [InlineData(1024, 0, 512, 2, 1ul << 51, "has a base offset, only 0 is known")]
    [InlineData(1024, 0, 512, 2, 1ul << 14, "has bits that mean nothing")]
    [InlineData(1024, 0, 512, 2, 1ul << 52, "has bits that mean nothing")]
    [InlineData(1088, 0, 512, 2, 0, "not in the first row")]
    [InlineData(1536, 0, 1024, 1, 0, "not in the first row")]
    public void Descriptors_that_a_gpu_has_no_matrix_for_are_errors(
        int start, int leading, int stride, ulong mode, ulong others, string message)
    {
        // The last warp reads the last rows.
        ulong descriptor = SharedLayout.Descriptor(start, leading, stride, mode) | others;
        AssertError(message, Fence + _rig.MmaOf(descriptor, _rig.RightDescriptor));
        if (stride < 16384)
        {
            AssertError(message, Fence + _rig.MmaOf(_rig.LeftDescriptor, descriptor));
        }
    }

    [Fact]
    public void A_matrix_may_end_where_shared_memory_ends() => _rig.Run(
        Fence + _rig.MmaOf(_rig.LeftDescriptor, SharedLayout.Descriptor(41984 - 512, 0, 512, 2)) + Commit + WaitForAll);

    [Fact]
    public void All_threads_must_execute_it() => AssertError("threads of a warp are at an instruction for all of them", Fence
        + _rig.Mma(0).Replace(" wgmma", " .reg .pred q; setp.ne.u32 q, %laneid, 7; @q wgmma", StringComparison.Ordinal));

    private static void AssertNaN(float[,] values) => Assert.All(values.Cast<float>(), x => Assert.True(float.IsNaN(x)));

    private void AssertError(string message, string text)
    {
        var error = Assert.Throws<PtxException>(() => new WarpgroupRig("f16", 8, 64).Run(text));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.Contains(_rig.Name, error.Message, StringComparison.Ordinal);
    }
}
