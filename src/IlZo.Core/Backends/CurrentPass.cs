using IlZo.Tensors;

namespace IlZo.Backends;

/// <summary>
/// Whose pass a backend is at. A pass is several calls, between which the backend is free: what tells passes apart is the thread that began
/// one, the number that its activations carry, and the state of the weights that it began to read.
/// </summary>
internal sealed class CurrentPass
{
    // No two passes of a process have the same number, so that an activation of another backend is not taken for one of this pass.
    private static long s_last;

    private int _thread;
    private ParameterSet? _weights;
    private long _version;

    /// <summary>The pass's number; 0 before the first.</summary>
    public long Number { get; private set; }

    /// <summary>Begins a pass of the calling thread.</summary>
    public void Begin()
    {
        Number = Interlocked.Increment(ref s_last);
        _thread = Environment.CurrentManagedThreadId;
        _weights = null;
    }

    /// <summary>Begins an operation of the calling thread's pass.</summary>
    /// <param name="guard">The backend's guard.</param>
    /// <inheritdoc cref="RequireOwn()"/>
    public UseGuard.Use Enter(UseGuard guard)
    {
        var use = guard.Enter();
        try
        {
            RequireOwn();
        }
        catch
        {
            use.Dispose();
            throw;
        }

        return use;
    }

    /// <summary>Refuses a call that is not of the thread whose pass it is.</summary>
    /// <exception cref="InvalidOperationException">Another thread has begun a pass since, or nobody has begun one.</exception>
    public void RequireOwn()
    {
        if (_thread != Environment.CurrentManagedThreadId)
        {
            throw new InvalidOperationException(Number == 0
                ? "The backend has no pass yet; Begin was expected before its operations."
                : "The backend is at a pass that another thread has begun; one thread at a time was expected, from Begin to the pass's "
                    + "results.");
        }
    }

    /// <summary>Refuses an activation of another pass.</summary>
    /// <exception cref="InvalidOperationException">Its pass is over, or another backend's.</exception>
    public void RequireOwn(Activation activation)
    {
        if (activation.Pass != Number)
        {
            throw new InvalidOperationException(
                "An activation is of an earlier pass, or of another backend; one of the backend's present pass was expected.");
        }
    }

    /// <summary>Keeps a tensor where and as it is until the use ends.</summary>
    /// <exception cref="ObjectDisposedException">Its memory was given back.</exception>
    /// <exception cref="InvalidOperationException">Somebody is changing the weights, or has changed them since the pass began to read
    /// them.</exception>
    public UseGuard.Use Read(Parameter? parameter)
    {
        if (parameter?.Set is not { } weights)
        {
            return default;
        }

        var use = weights.Read();
        if (!ReferenceEquals(weights, _weights))
        {
            _weights = weights;
            _version = weights.Version;
        }
        else if (weights.Version != _version)
        {
            use.Dispose();
            throw new InvalidOperationException("The weights were changed in the middle of a pass; a pass after the change was expected.");
        }

        return use;
    }
}
