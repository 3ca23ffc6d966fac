using IlZo.Backends;

namespace IlZo.Models;

/// <summary>An MLP: down(f(up(x))), or down(f(gate(x)) · up(x)) where there is a gate.</summary>
/// <param name="up">The layer [intermediate, hidden].</param>
/// <param name="down">The layer [hidden, intermediate].</param>
/// <param name="function">The nonlinearity.</param>
/// <param name="gate">The layer [intermediate, hidden], or null.</param>
internal sealed class FeedForward(Linear up, Linear down, ActivationFunction function, Linear? gate = null) : ISublayer
{
    public void Apply(in LayerPass pass, Activation x, Activation y, bool accumulate)
    {
        var backend = pass.Backend;
        var inner = backend.Rent(up.Outputs);
        (gate ?? up).Apply(backend, x, inner, activation: function);
        if (gate is not null)
        {
            var values = backend.Rent(up.Outputs);
            up.Apply(backend, x, values);
            backend.Multiply(inner, values);
            backend.Return(values);
        }

        down.Apply(backend, inner, y, accumulate);
        backend.Return(inner);
    }
}
