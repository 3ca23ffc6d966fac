using IlZo.Backends;

namespace IlZo.Models;

/// <summary>The two layers that follow attention in families without a gate: down(f(up(x))).</summary>
/// <param name="up">The layer [intermediate, hidden].</param>
/// <param name="down">The layer [hidden, intermediate].</param>
/// <param name="function">The nonlinearity between them.</param>
internal sealed class FeedForward(Linear up, Linear down, ActivationFunction function)
{
    /// <summary>h += down(f(up(x))); x and h may be the same.</summary>
    public void AddTo(IBackend backend, Activation x, Activation h)
    {
        var inner = backend.Rent(up.Outputs);
        up.Apply(backend, x, inner, activation: function);
        down.Apply(backend, inner, h, accumulate: true);
        backend.Return(inner);
    }
}
