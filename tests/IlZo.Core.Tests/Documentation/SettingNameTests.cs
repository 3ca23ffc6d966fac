using System.Reflection;
using System.Text.RegularExpressions;
using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Documentation;

/// <summary>Messages call options by what the library's own users know them by, until a program has other names for them.</summary>
public sealed partial class SettingNameTests
{
    [Fact]
    public void Every_option_that_messages_name_is_a_public_property_or_parameter()
    {
        var types = typeof(TrainingOptions).Assembly.GetExportedTypes();
        var properties = types.SelectMany(t => t.GetProperties()).Select(p => p.Name);
        var parameters = types.SelectMany(t => t.GetMethods()).SelectMany(m => m.GetParameters()).Select(p => Capitalized(p.Name!));
        string[] named = [.. typeof(Setting).GetProperties(BindingFlags.Public | BindingFlags.Static).Select(p => p.Name)];
        Assert.NotEmpty(named);
        Assert.Empty(named.Except([.. properties, .. parameters]));
    }

    [Fact]
    public void No_text_of_the_library_has_a_flag_of_the_command_line()
    {
        string root = TestData.InRepository();
        foreach (string file in Directory.GetFiles(Path.Combine(root, "src", "IlZo.Core"), "*.cs", SearchOption.AllDirectories))
        {
            var code = File.ReadLines(file).Select((line, i) => $"{Path.GetRelativePath(root, file)}:{i + 1}: {line.Trim()}");
            Assert.DoesNotContain(code, line => !line.Contains(": //", StringComparison.Ordinal) && FlagInText().IsMatch(line));
        }
    }

    private static string Capitalized(string name) => name.Length == 0 ? name : char.ToUpperInvariant(name[0]) + name[1..];

    [GeneratedRegex("\".*(?<![\\w-])--[a-z]")]
    private static partial Regex FlagInText();
}
