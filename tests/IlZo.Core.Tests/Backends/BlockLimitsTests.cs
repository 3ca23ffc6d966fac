using IlZo.Backends.Cpu;
using Xunit;

namespace IlZo.Core.Tests.Backends;

public sealed class BlockLimitsTests
{
    [Theory]
    [InlineData(768, 1, 384)]
    [InlineData(768, 2, 192)]
    [InlineData(2048, 1, 348)]
    [InlineData(2048, 2, 348)]
    [InlineData(3072, 2, 384)]
    [InlineData(768, 64, 48)]
    [InlineData(1, 2, 48)]
    public void Blocks_are_as_large_as_an_even_share_allows(int outputs, int threads, int expected) =>
        Assert.Equal(expected, new BlockLimits(12, 48, 384).Share(outputs, threads));

    [Fact]
    public void No_thread_has_a_block_more_than_another_where_blocks_are_large_enough()
    {
        var limits = new BlockLimits(12, 48, 384);
        for (int threads = 1; threads <= 16; threads++)
        {
            for (int outputs = 96 * threads; outputs < 20_000; outputs += 64)
            {
                int block = limits.Share(outputs, threads);
                int blocks = (outputs + block - 1) / block;
                int blocksOfThread = (blocks + threads - 1) / threads;

                // Every block is rounded up by less than a unit.
                Assert.True(blocksOfThread * block < ((double)outputs / threads)
                    + (blocksOfThread * 13), $"{outputs} outputs, {threads} threads: {block}");
                Assert.Equal(0, block % 12);
            }
        }
    }
}
