using IlZo.Tensors;

namespace IlZo.Backends;

/// <summary>Which of a backend's passes is the present one: the one that was begun last.</summary>
internal sealed class PassTurn
{
    // No two passes of a process have the same number, so that an activation of another backend is not taken for one of this.
    private static long s_last;

    /// <summary>The number of the present pass; 0 before the first.</summary>
    public long Number { get; private set; }

    /// <summary>Ends the present pass and gives the next one its number.</summary>
    public long Next() => Number = Interlocked.Increment(ref s_last);
}

/// <summary>
/// Keeps a pass to itself: its operations are refused once another has begun, its activations are its own, and the weights that it began to
/// read stay as they are.
/// </summary>
/// <param name="backend">The guard of the backend.</param>
/// <param name="turn">Whose turn it is there; from here on it is this pass's.</param>
internal sealed class PassGuard(UseGuard backend, PassTurn turn)
{
    private ParameterSet? _weights;
    private long _version;

    /// <summary>The pass's number, which its activations carry.</summary>
    public long Number { get; } = turn.Next();

    /// <summary>Begins an operation of the pass.</summary>
    /// <exception cref="InvalidOperationException">The backend is in use, or has begun another pass.</exception>
    /// <exception cref="ObjectDisposedException">The backend was disposed of.</exception>
    public UseGuard.Use Enter()
    {
        var use = backend.Enter();
        if (turn.Number != Number)
        {
            use.Dispose();
            throw new InvalidOperationException(
                "The pass is over, because another was begun on its backend; one pass at a time was expected, up to its results.");
        }

        return use;
    }

    /// <summary>Refuses an activation of another pass.</summary>
    /// <exception cref="InvalidOperationException">Its pass is over, or another backend's.</exception>
    public void RequireOwn(Activation activation)
    {
        if (activation.Pass != Number)
        {
            throw new InvalidOperationException("An activation is of another pass; one of this pass was expected.");
        }
    }

    /// <summary>Keeps a tensor where and as it is until the use ends.</summary>
    /// <exception cref="ObjectDisposedException">Its memory was given back.</exception>
    /// <exception cref="InvalidOperationException">Somebody is changing the weights, or has changed them since the pass began to read
    /// them, or another backend streams them.</exception>
    public UseGuard.Use Read(Parameter? parameter)
    {
        if (parameter?.Set is not { } weights)
        {
            return default;
        }

        var use = weights.Read();
        if (!ReferenceEquals(weights, _weights))
        {
            weights.RequireNotStreamedBesides(backend);
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
