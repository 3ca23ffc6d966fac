using IlZo.Backends;

namespace IlZo.Models;

/// <summary>An MLP: down(f(up(x))), or down(f(gate(x)) · up(x)) where there is a gate.</summary>
/// <param name="up">The layer [intermediate, hidden].</param>
/// <param name="down">The layer [hidden, intermediate].</param>
/// <param name="function">The nonlinearity.</param>
/// <param name="gate">The layer [intermediate, hidden], or null.</param>
internal sealed class FeedForward(Linear up, Linear down, ActivationFunction function, Linear? gate = null) : ISublayer
{
    public void Apply(in LayerCall call, Activation x, Activation y, bool accumulate)
    {
        var pass = call.Pass;
        var inner = pass.Rent(up.Outputs);
        (gate ?? up).Apply(pass, x, inner, activation: function);
        if (gate is not null)
        {
            var values = pass.Rent(up.Outputs);
            up.Apply(pass, x, values);
            pass.Multiply(inner, values);
            pass.Return(values);
        }

        down.Apply(pass, inner, y, accumulate);
        pass.Return(inner);
    }
}

/// <summary>An MLP whose gate and values are one layer: down(f(gate) · up), with gate and up one after the other in its outputs.</summary>
/// <param name="gateAndUp">The layer [2 intermediate, hidden].</param>
/// <param name="down">The layer [hidden, intermediate].</param>
/// <param name="function">The nonlinearity.</param>
internal sealed class JointFeedForward(Linear gateAndUp, Linear down, ActivationFunction function) : ISublayer
{
    public void Apply(in LayerCall call, Activation x, Activation y, bool accumulate)
    {
        var pass = call.Pass;
        var joint = pass.Rent(gateAndUp.Outputs);
        gateAndUp.Apply(pass, x, joint);
        var gate = pass.Slice(joint, 0, down.Inputs);
        var up = pass.Slice(joint, down.Inputs, down.Inputs);
        pass.Apply(function, gate);
        pass.Multiply(gate, up);
        down.Apply(pass, gate, y, accumulate);
        pass.Return(joint);
    }
}
