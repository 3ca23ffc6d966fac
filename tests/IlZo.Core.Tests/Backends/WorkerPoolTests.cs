using IlZo.Backends.Cpu;
using Xunit;

namespace IlZo.Core.Tests.Backends;

public class WorkerPoolTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    public void Every_item_is_done_exactly_once_before_the_loop_ends(int threads)
    {
        using var pool = new WorkerPool(threads);
        for (int round = 0; round < 5000; round++)
        {
            int[] done = new int[round % 40];
            pool.Run(done.Length, (item, worker) =>
            {
                Assert.InRange(worker, 0, threads - 1);
                Interlocked.Increment(ref done[item]);
            });
            Assert.All(done, count => Assert.Equal(1, count));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void A_failure_in_any_item_reaches_the_caller_and_the_pool_goes_on(int threads)
    {
        using var pool = new WorkerPool(threads);
        for (int failing = 0; failing < 20; failing++)
        {
            var error = Assert.Throws<InvalidOperationException>(
                () => pool.Run(20, (item, _) => _ = item == failing ? throw new InvalidOperationException($"{item}") : item));
            Assert.Equal($"{failing}", error.Message);
            int sum = 0;
            pool.Run(10, (item, _) => Interlocked.Add(ref sum, item));
            Assert.Equal(45, sum);
        }
    }
}
