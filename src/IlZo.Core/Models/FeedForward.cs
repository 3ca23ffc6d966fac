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

/// <summary>An MLP whose gate and values are one layer: down(f(gate) · up), with gate and up one after the other in its outputs.</summary>
/// <param name="gateAndUp">The layer [2 intermediate, hidden].</param>
/// <param name="down">The layer [hidden, intermediate].</param>
/// <param name="function">The nonlinearity.</param>
internal sealed class JointFeedForward(Linear gateAndUp, Linear down, ActivationFunction function) : ISublayer
{
    public void Apply(in LayerPass pass, Activation x, Activation y, bool accumulate)
    {
        var backend = pass.Backend;
        var joint = backend.Rent(gateAndUp.Outputs);
        gateAndUp.Apply(backend, x, joint);
        var gate = backend.Slice(joint, 0, down.Inputs);
        var up = backend.Slice(joint, down.Inputs, down.Inputs);
        backend.Apply(function, gate);
        backend.Multiply(gate, up);
        down.Apply(backend, gate, y, accumulate);
        backend.Return(joint);
    }
}
