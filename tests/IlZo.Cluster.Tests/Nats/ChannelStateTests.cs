using IlZo.Clusters.Nats;

namespace IlZo.Cluster.Tests.Nats;

/// <summary>What a channel keeps of what it has received, without a server.</summary>
public sealed class ChannelStateTests
{
    private readonly ChannelState<string> _state = new();

    [Fact]
    public void Nothing_is_there_before_a_session()
    {
        Assert.Equal(0, _state.Length);
        Assert.Null(_state.SessionNow());
        Assert.True(_state.Find(0, out byte[]? entry));
        Assert.Null(entry);
        Assert.Null(_state.Receive(0, TimeSpan.Zero, default));
    }

    [Fact]
    public void Entries_are_kept_until_a_later_one_is_read()
    {
        Assert.Equal(0, _state.Begin("session", 1));
        _state.Add("session", 0, [10]);
        _state.Add("session", 1, [11]);
        _state.Add("session", 2, [12]);
        Assert.Equal(3, _state.Length);
        AssertFound([11], 1);
        AssertFound([11], 1);
        Assert.False(_state.Find(0, out _));
        AssertFound([12], 2);
        AssertFound(null, 3);

        // Whoever follows the log begins where it has not been read.
        Assert.Equal(2, _state.Begin("next", 3));
        Assert.False(_state.Find(2, out _));
    }

    [Fact]
    public void A_session_that_is_past_says_nothing_any_more()
    {
        _state.Begin("first", 0);
        _state.Begin("second", 2);
        _state.Add("first", 2, [1]);
        _state.Grow("first", 9);
        _state.End("first");
        Assert.Equal(2, _state.Length);
        Assert.Equal("second", _state.Session(default));
        _state.End("second");
        Assert.Null(_state.SessionNow());
        Assert.Equal(2, _state.Length);
    }

    [Fact]
    public void A_log_that_is_shorter_is_followed_from_its_new_end()
    {
        _state.Begin("first", 10);
        _state.Find(9, out _);
        Assert.Equal(4, _state.Begin("second", 4));
        Assert.Null(_state.Receive(10, Timeout.InfiniteTimeSpan, default));
        _state.Add("second", 4, [7]);
        AssertFound([7], 4);
    }

    [Fact]
    public void The_log_goes_before_messages()
    {
        _state.Begin("session", 1);
        _state.Say([1]);
        _state.Say([2]);
        Assert.Null(_state.Receive(0, TimeSpan.Zero, default));
        Assert.Equal([1], _state.Receive(1, TimeSpan.Zero, default));
        _state.Grow("session", 2);
        Assert.Null(_state.Receive(1, TimeSpan.Zero, default));
        Assert.Equal([2], _state.Receive(2, TimeSpan.Zero, default));
        Assert.Null(_state.Receive(2, TimeSpan.Zero, default));
    }

    [Fact]
    public void Of_too_many_messages_the_oldest_are_dropped()
    {
        for (int i = 0; i < ChannelState<string>.MessageLimit + 3; i++)
        {
            _state.Say(BitConverter.GetBytes(i));
        }

        Assert.Equal(BitConverter.GetBytes(3), _state.Receive(0, TimeSpan.Zero, default));
    }

    [Fact]
    public void Of_messages_that_are_too_long_the_oldest_are_dropped()
    {
        int count = (int)(ChannelState<string>.MessageByteLimit >> 20);
        for (int i = 0; i <= count; i++)
        {
            byte[] message = new byte[1 << 20];
            message[0] = (byte)i;
            _state.Say(message);
        }

        Assert.Equal(1, _state.Receive(0, TimeSpan.Zero, default)![0]);
        _state.Say(new byte[ChannelState<string>.MessageByteLimit + 1]);
        Assert.Equal(ChannelState<string>.MessageByteLimit + 1, _state.Receive(0, TimeSpan.Zero, default)!.Length);
        Assert.Null(_state.Receive(0, TimeSpan.Zero, default));
    }

    [Fact]
    public void Entries_beyond_the_limit_are_counted_and_asked_for()
    {
        _state.Begin("session", 0);
        _state.Add("session", 0, new byte[ChannelState<string>.EntryByteLimit]);
        _state.Add("session", 1, [1]);
        Assert.Equal(2, _state.Length);
        Assert.False(_state.Find(1, out _));

        // The first has been read, so there is room again.
        _state.Add("session", 2, [2]);
        AssertFound([2], 2);
    }

    [Fact]
    public void A_failure_ends_all_calls_with_its_sentence()
    {
        _state.Begin("session", 1);
        _state.Fail(new InvalidInputException("no."));
        _state.Fail(new IOException("later"));
        Action[] calls =
        [
            () => _state.Receive(0, Timeout.InfiniteTimeSpan, default), () => _state.Session(default), () => _state.SessionNow(),
            () => _state.Find(0, out _), () => _ = _state.Length,
        ];
        Assert.All(calls, call => Assert.Equal("no.", Assert.Throws<InvalidInputException>(call).Message));
    }

    private void AssertFound(byte[]? expected, long index)
    {
        Assert.True(_state.Find(index, out byte[]? entry));
        Assert.Equal(expected, entry);
    }
}
