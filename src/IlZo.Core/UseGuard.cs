namespace IlZo;

/// <summary>
/// Says who uses an object whose memory or state can serve one caller at a time. A use that would meet another throws, in place of reading
/// what the other is writing; and what an object holds is released when its last use ends, not while it is used. Nothing waits, and a use
/// allocates nothing.
/// </summary>
/// <remarks>
/// A use by the thread that is using the object already, from a callback of the call in progress, is a second use. Which thread uses the
/// object is of no account as long as one use ends before the next begins.
/// </remarks>
/// <param name="name">What messages call the object.</param>
/// <param name="release">Gives back what the object holds; called once, by the last of its users.</param>
internal sealed class UseGuard(string name, Action? release = null)
{
    private const int Disposed = 1 << 30;
    private const int Exclusive = 1 << 29;

    // How many share the object, whether one has it alone, and whether it was disposed of.
    private int _state;

    /// <summary>Whether the object was disposed of; it may still be in use.</summary>
    public bool IsDisposed => (Volatile.Read(ref _state) & Disposed) != 0;

    /// <summary>Begins a use that has the object alone.</summary>
    /// <exception cref="ObjectDisposedException">The object was disposed of.</exception>
    /// <exception cref="InvalidOperationException">It is in use.</exception>
    public Use Enter()
    {
        int state = Interlocked.CompareExchange(ref _state, Exclusive, 0);
        return state == 0 ? new Use(this, Exclusive) : throw Refusal(state);
    }

    /// <summary>Begins a use beside which there may be others like it.</summary>
    /// <exception cref="ObjectDisposedException">The object was disposed of.</exception>
    /// <exception cref="InvalidOperationException">Somebody has it alone.</exception>
    public Use Share()
    {
        while (true)
        {
            int state = Volatile.Read(ref _state);
            if ((state & (Disposed | Exclusive)) != 0)
            {
                throw Refusal(state);
            }

            if (Interlocked.CompareExchange(ref _state, state + 1, state) == state)
            {
                return new Use(this, 1);
            }
        }
    }

    /// <summary>
    /// Ends the object: nobody can begin to use it, and what it holds is released now or, where it is in use, with the end of that.
    /// </summary>
    public void Dispose()
    {
        if (Interlocked.Or(ref _state, Disposed) == 0)
        {
            release?.Invoke();
        }
    }

    private void Leave(int share)
    {
        if (Interlocked.Add(ref _state, -share) == Disposed)
        {
            release?.Invoke();
        }
    }

    private Exception Refusal(int state) => (state & Disposed) != 0
        ? new ObjectDisposedException(name)
        : new InvalidOperationException(
            $"{name} is in use by another thread, or by the call that this one is made from; one call at a time was expected.");

    /// <summary>A use, which ends when it is disposed of, once.</summary>
    internal readonly struct Use(UseGuard? guard, int share) : IDisposable
    {
        public void Dispose() => guard?.Leave(share);
    }
}
