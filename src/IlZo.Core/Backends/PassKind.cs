namespace IlZo.Backends;

/// <summary>What a pass gives, and so what a method can take.</summary>
internal enum PassKind
{
    /// <summary>Losses, which every device and engine computes.</summary>
    Losses,

    /// <summary>A loss and its exact derivative along a direction.</summary>
    Derivatives,

    /// <summary>A loss, and a sight of what layers are applied to on the way.</summary>
    Inputs,
}

/// <summary>The words of sentences for these.</summary>
internal static class PassKinds
{
    /// <summary>The beginning of a sentence.</summary>
    public const string AskedInputs = "Inputs of layers are asked for";

    /// <summary>What passes of a kind give.</summary>
    public static string Words(this PassKind kind) => kind switch
    {
        PassKind.Derivatives => "derivatives",
        PassKind.Inputs => "inputs of layers",
        _ => "losses",
    };
}
