using Xunit;

namespace IlZo.Core.Tests.Use;

public sealed class UseGuardTests
{
    [Fact]
    public void A_use_alone_keeps_all_others_out_until_it_ends()
    {
        var guard = new UseGuard("The thing");
        using (guard.Enter())
        {
            var error = Assert.Throws<InvalidOperationException>(() => guard.Enter());
            Assert.StartsWith("The thing is in use by another thread", error.Message, StringComparison.Ordinal);
            Assert.Throws<InvalidOperationException>(() => guard.Share());
        }

        guard.Enter().Dispose();
    }

    [Fact]
    public void Shared_uses_stand_beside_each_other_and_keep_out_who_wants_to_be_alone()
    {
        var guard = new UseGuard("The thing");
        var first = guard.Share();
        var second = guard.Share();
        first.Dispose();
        Assert.Throws<InvalidOperationException>(() => guard.Enter());
        second.Dispose();
        guard.Enter().Dispose();
    }

    [Fact]
    public void What_is_held_is_released_once_by_the_last_of_its_users()
    {
        int released = 0;
        var guard = new UseGuard("The thing", () => released++);
        var first = guard.Share();
        var second = guard.Share();
        guard.Dispose();
        guard.Dispose();
        Assert.True(guard.IsDisposed);
        Assert.Throws<ObjectDisposedException>(() => guard.Share());
        Assert.Throws<ObjectDisposedException>(() => guard.Enter());
        first.Dispose();
        Assert.Equal(0, released);
        second.Dispose();
        Assert.Equal(1, released);
        guard.Dispose();
        Assert.Equal(1, released);
    }

    [Fact]
    public void Threads_that_meet_never_have_it_alone_together_and_release_it_once()
    {
        const int threads = 4;
        for (int round = 0; round < 200; round++)
        {
            int released = 0;
            int inside = 0;
            bool met = false;
            var guard = new UseGuard("The thing", () =>
            {
                met |= Volatile.Read(ref inside) != 0;
                Interlocked.Increment(ref released);
            });
            RaceOf.Threads(threads, thread =>
            {
                try
                {
                    for (int i = 0; i < 50; i++)
                    {
                        using var use = guard.Enter();
                        met |= Interlocked.Increment(ref inside) != 1;
                        Interlocked.Decrement(ref inside);
                    }
                }
                catch (InvalidOperationException)
                {
                    // Refused: in use, or disposed of by the last thread below.
                }

                if (thread == threads - 1)
                {
                    guard.Dispose();
                }
            });
            Assert.False(met);
            Assert.Equal(1, released);
        }
    }
}
