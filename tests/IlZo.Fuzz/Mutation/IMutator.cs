namespace IlZo.Fuzz.Mutation;

/// <summary>Changes an input in one place.</summary>
internal interface IMutator
{
    /// <summary>The changed input; the one that is given stays as it is.</summary>
    /// <param name="random">Decides everything.</param>
    /// <param name="input">The input.</param>
    /// <param name="other">Another one of the same kind, to take parts from.</param>
    byte[] Mutate(Random random, byte[] input, byte[] other);
}
