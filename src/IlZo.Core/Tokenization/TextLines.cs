using System.Text;
using System.Text.Unicode;

namespace IlZo.Tokenization;

/// <summary>The lines of a UTF-8 file. Only LF and CR LF end a line: tokens may hold the other line separators of Unicode.</summary>
internal static class TextLines
{
    public static string[] Read(TokenizerSource source, string file)
    {
        byte[] bytes = source.Read(file);
        if (!Utf8.IsValid(bytes))
        {
            throw new InvalidInputException($"{source.PathOf(file)}: the file is not UTF-8 text.");
        }

        string[] lines = Encoding.UTF8.GetString(bytes).Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            lines[i] = lines[i].TrimEnd('\r');
        }

        return lines;
    }
}
