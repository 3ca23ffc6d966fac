namespace IlZo.BuiltIn;

/// <summary>
/// The model opt-reviews-6m (5.9 million weights) and a sample of SST-2. A program in C# that refers to the package has them by the name
/// <c>builtin</c> without a line of its own; others call <see cref="Register"/> when they start.
/// </summary>
public static class BuiltInModel
{
    /// <summary>Makes model and sample known to the library. Calling it again changes nothing.</summary>
    public static void Register() => BuiltInFiles.Register(typeof(BuiltInModel).Assembly.GetManifestResourceStream);
}
