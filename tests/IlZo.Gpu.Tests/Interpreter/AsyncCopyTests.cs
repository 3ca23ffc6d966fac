using IlZo.Ptx;

namespace IlZo.Gpu.Tests.Interpreter;

public class AsyncCopyTests
{
    private const string Commit = "cp.async.commit_group;";

    private readonly PtxRig _rig = new();

    public AsyncCopyTests()
    {
        for (int i = 0; i < _rig.GlobalBytes.Length; i++)
        {
            _rig.GlobalBytes[i] = (byte)(i % 251);
        }
    }

    [Fact]
    public void What_has_not_been_waited_for_is_not_a_number()
    {
        _rig.SharedBytes.Clear();
        Run("cp.async.cg.shared.global [s], [g], 16;" + Commit);
        Assert.Equal(-1, _rig.SharedBytes[..16].IndexOfAnyExcept((byte)0xFF));
        Assert.Equal(-1, _rig.SharedBytes[16..].IndexOfAnyExcept((byte)0));
        Run("cp.async.wait_group 0;");
        Assert.Equal(_rig.GlobalBytes.AsSpan(..16), _rig.SharedBytes[..16]);
    }

    [Fact]
    public void A_wait_leaves_as_many_groups_as_it_says()
    {
        Run($"cp.async.cg.shared.global [s], [g], 16; {Commit} cp.async.ca.shared.global [s+16], [g+16], 8; {Commit} "
            + "cp.async.ca.shared.global [s+32], [g+32], 4;");
        Run("cp.async.wait_group 1;");
        Assert.Equal(_rig.GlobalBytes.AsSpan(..16), _rig.SharedBytes[..16]);
        Assert.Equal(0xFF, _rig.SharedBytes[16]);
        Run("cp.async.wait_group 0;");
        Assert.Equal(_rig.GlobalBytes.AsSpan(16..24), _rig.SharedBytes[16..24]);
        Assert.Equal(0xFF, _rig.SharedBytes[32]);
        Run("cp.async.wait_all;");
        Assert.Equal(_rig.GlobalBytes.AsSpan(32..36), _rig.SharedBytes[32..36]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(6)]
    [InlineData(16)]
    public void Zeros_follow_a_source_that_is_too_short(int count)
    {
        Run($"cp.async.cg.shared.global.L2::128B [s], [g], 16, {count}; cp.async.wait_all;");
        Assert.Equal(_rig.GlobalBytes.AsSpan(..count), _rig.SharedBytes[..count]);
        Assert.Equal(-1, _rig.SharedBytes[count..16].IndexOfAnyExcept((byte)0));
    }

    [Fact]
    public void A_source_of_no_bytes_is_not_read()
    {
        Run("cp.async.cg.shared.global [s], [g+4096], 16, 0; cp.async.wait_all;");
        Assert.Throws<PtxException>(() => Run("cp.async.cg.shared.global [s], [g+4096], 16, 1;"));
    }

    [Theory]
    [InlineData("cp.async.cg.shared.global [s], [g], 8;", "it copies 16 bytes")]
    [InlineData("cp.async.ca.shared.global [s], [g], 2;", "it copies 4, 8, 16 bytes")]
    [InlineData("cp.async.cg.shared.global [s+8], [g], 16;", "not a multiple of 16")]
    [InlineData("cp.async.cg.shared.global [s], [g+4], 16;", "not a multiple of 16")]
    [InlineData("cp.async.cg.shared.global [s], [g], 16, 17;", "17 bytes of 16")]
    [InlineData("cp.async.cg.shared.global [s+4096], [g], 16;", "not in shared memory")]
    public void Copies_that_a_gpu_has_not_are_errors(string text, string message) =>
        Assert.Contains(message, Assert.Throws<PtxException>(() => Run(text)).Message, StringComparison.Ordinal);

    private void Run(string text) => _rig.Run(text, 1, ("s", PtxType.U32, _ => 1024), ("g", PtxType.U64, _ => PtxRig.GlobalBase));
}
