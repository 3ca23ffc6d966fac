namespace IlZo;

/// <summary>
/// Something the user handed in cannot be used: a file, a field, an option. The message is one sentence that names the
/// file, the place and what was expected; the command line prints it as it is and exits with 2.
/// </summary>
public sealed class InvalidInputException : Exception
{
    /// <summary>A refusal.</summary>
    /// <param name="message">One sentence: the place, what was found and what was expected.</param>
    public InvalidInputException(string message)
        : base(message)
    {
    }

    /// <summary>A refusal with its cause.</summary>
    /// <param name="message">One sentence: the place, what was found and what was expected.</param>
    /// <param name="innerException">What was thrown where the input was read.</param>
    public InvalidInputException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
