using IlZo.Backends;

namespace IlZo.Models;

/// <summary>A layer of a transformer.</summary>
/// <param name="Attention">The first part.</param>
/// <param name="Mlp">The second.</param>
internal sealed record TransformerLayer(Residual Attention, Residual Mlp);

/// <summary>Where in a pass a layer is computed.</summary>
/// <param name="Pass">The pass.</param>
/// <param name="Layer">The layer, from 0.</param>
/// <param name="Adapter">What was added to the model, or null.</param>
internal readonly record struct LayerCall(IPass Pass, int Layer, Adapter? Adapter);

/// <summary>What a layer adds to the residual stream: attention or an MLP.</summary>
internal interface ISublayer
{
    /// <summary>y = f(x), or y += f(x); x and y may be the same.</summary>
    void Apply(in LayerCall call, Activation x, Activation y, bool accumulate);
}

/// <summary>A part of a layer and the norms around it: h ← after(h + result(part(before(h)))), each norm where there is one.</summary>
/// <param name="part">Attention or an MLP.</param>
internal sealed class Residual(ISublayer part)
{
    public Norm? Before { get; init; }

    /// <summary>Only where <see cref="Before"/> is there too.</summary>
    public Norm? Result { get; init; }

    public Norm? After { get; init; }

    /// <summary>A part with one norm, of its input or of the sum.</summary>
    public static Residual Normed(ISublayer part, Norm norm, bool before) =>
        before ? new(part) { Before = norm } : new(part) { After = norm };

    /// <summary>Changes the residual stream.</summary>
    /// <param name="call">The place.</param>
    /// <param name="h">The residual stream.</param>
    /// <param name="normed">Room for its normalized form, where <see cref="Before"/> is there.</param>
    public void Apply(in LayerCall call, Activation h, Activation normed)
    {
        Before?.Apply(call.Pass, h, normed);
        if (Result is null)
        {
            part.Apply(call, Before is null ? h : normed, h, accumulate: true);
        }
        else
        {
            part.Apply(call, normed, normed, accumulate: false);
            Result.Apply(call.Pass, normed, normed);
            call.Pass.Add(h, normed);
        }

        After?.Apply(call.Pass, h, h);
    }
}
