using System.Runtime.CompilerServices;
using IlZo.Backends.Cpu;
using IlZo.Backends.Cpu.Emitted;
using IlZo.Machine;
using Xunit;

namespace IlZo.Core.Tests.Backends.Emitted;

public unsafe class SignalStackTests
{
    [Fact]
    public void A_tile_thread_has_a_large_stack_for_signals_and_gets_the_runtimes_back()
    {
        RequireLinux();
        nuint size = 0;
        bool restored = false;
        var thread = new Thread(() =>
        {
            var before = Current();
            using (SignalStack.Install())
            {
                size = Current().Size;
            }

            restored = Current().Start == before.Start && Current().Size == before.Size;
        });
        thread.Start();
        thread.Join();
        Assert.True(size >= 64 * 1024, $"The stack has {size} bytes.");
        Assert.True(restored);
    }

    [Fact]
    public void Null_references_are_caught_on_a_tile_thread()
    {
        RequireLinux();
        int caught = 0;
        TileThread.Run(() =>
        {
            for (int i = 0; i < 100; i++)
            {
                try
                {
                    LengthOf(null!);
                }
                catch (NullReferenceException)
                {
                    caught++;
                }
            }
        });
        Assert.Equal(100, caught);
    }

    [Fact]
    public void Exceptions_of_a_tile_thread_reach_the_caller()
    {
        RequireLinux();
        Assert.Throws<InvalidOperationException>(() => TileThread.Run(() => throw new InvalidOperationException()));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void A_pool_of_prepared_threads_does_every_item_on_them_and_ends_them_all(int threads)
    {
        int prepared = 0;
        int ended = 0;
        using (var pool = new WorkerPool(threads, () => new Preparation(ref prepared, () => Interlocked.Increment(ref ended))))
        {
            for (int round = 0; round < 2000; round++)
            {
                int[] done = new int[round % 9];
                pool.Run(done.Length, (item, worker) =>
                {
                    Assert.True(Preparation.IsHere);
                    Assert.InRange(worker, 0, threads - 1);
                    Interlocked.Increment(ref done[item]);
                });
                Assert.All(done, count => Assert.Equal(1, count));
            }

            Assert.Throws<InvalidOperationException>(() => pool.Run(5, (_, _) => throw new InvalidOperationException()));
        }

        Assert.Equal(threads, prepared);
        Assert.Equal(threads, ended);
    }

    private static void RequireLinux() => Assert.SkipUnless(CpuFeatures.IsSupportedSystem, "Machine code is emitted on Linux x86-64 only.");

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int LengthOf(string text) => text.Length;

    private static Libc.StackDescription Current()
    {
        Libc.StackDescription current;
        Assert.Equal(0, Libc.SignalAltStack(null, &current));
        return current;
    }

    private sealed class Preparation : IDisposable
    {
        [ThreadStatic]
        private static bool s_isHere;

        private readonly Action _ended;

        public Preparation(ref int count, Action ended)
        {
            Interlocked.Increment(ref count);
            _ended = ended;
            s_isHere = true;
        }

        public static bool IsHere => s_isHere;

        public void Dispose() => _ended();
    }
}
