import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.XMLConstants;
import javax.xml.transform.Source;
import javax.xml.transform.stream.StreamSource;
import javax.xml.validation.SchemaFactory;
import org.spdx.core.DefaultModelStore;
import org.spdx.library.ModelCopyManager;
import org.spdx.library.SpdxModelFactory;
import org.spdx.storage.simple.InMemSpdxStore;
import org.spdx.tools.SpdxToolsHelper.SerFileType;
import org.spdx.tools.Verify;

/**
 * Judges CycloneDX XML with the JDK's Xerces and SPDX JSON with the SPDX project's own tool.
 *
 * Usage: java -cp 'lib/*' Judge.java SCHEMAS FILE...   exit code 0 when all are valid, 1 otherwise. SCHEMAS is a folder with
 * CycloneDX's official schemas.
 */
public class Judge {
    private static final Pattern VERSION = Pattern.compile("http://cyclonedx.org/schema/bom/([0-9.]+)");

    public static void main(String[] arguments) throws Exception {
        SpdxModelFactory.init();
        boolean sound = true;
        for (int index = 1; index < arguments.length; index++) {
            Path file = Path.of(arguments[index]);
            String text = Files.readString(file);
            List<String> faults = text.startsWith("<") ? xml(Path.of(arguments[0]), text) : spdx(file, text);
            System.out.println(file + ": " + (faults.isEmpty() ? "valid" : "INVALID"));
            faults.stream().limit(20).forEach(fault -> System.out.println("  " + fault));
            sound &= faults.isEmpty();
        }
        System.exit(sound ? 0 : 1);
    }

    private static List<String> xml(Path schemas, String text) throws Exception {
        Matcher version = VERSION.matcher(text);
        if (!version.find()) {
            return List.of("no CycloneDX namespace");
        }
        SchemaFactory factory = SchemaFactory.newInstance(XMLConstants.W3C_XML_SCHEMA_NS_URI);
        Source[] sources = {
            new StreamSource(schemas.resolve("spdx.SNAPSHOT.xsd").toFile()),
            new StreamSource(schemas.resolve("bom-" + version.group(1) + ".SNAPSHOT.xsd").toFile()),
        };
        List<String> faults = new ArrayList<>();
        try {
            factory.newSchema(sources).newValidator().validate(new StreamSource(new java.io.StringReader(text)));
        } catch (org.xml.sax.SAXException fault) {
            faults.add(fault.toString());
        }
        return faults;
    }

    private static List<String> spdx(Path file, String text) throws Exception {
        DefaultModelStore.initialize(new InMemSpdxStore(), "http://default", new ModelCopyManager());
        return Verify.verify(file.toString(), text.contains("@context") ? SerFileType.JSONLD : SerFileType.JSON);
    }
}
